/* Generated from 微信宠物屋 | GoKit pet house by wxlink codegen, do not edit. */
#include "gokit_product.h"

#include <stddef.h>

#define MEMBER(name) (uint16_t)offsetof(gokit_values, name)

/* kind, type, length, member, place, raw minimum, raw maximum */
static const wxlink_point points[GOKIT_POINTS] = {
    {WXLINK_WRITABLE, WXLINK_BOOL, 1, MEMBER(LED_OnOff), 0, 0u, 1u},
    {WXLINK_WRITABLE, WXLINK_ENUM, 2, MEMBER(LED_Color), 1, 0u, 3u},
    {WXLINK_WRITABLE, WXLINK_UINT8, 1, MEMBER(LED_R), 1, 0u, 254u},
    {WXLINK_WRITABLE, WXLINK_UINT8, 1, MEMBER(LED_G), 2, 0u, 254u},
    {WXLINK_WRITABLE, WXLINK_UINT8, 1, MEMBER(LED_B), 3, 0u, 254u},
    {WXLINK_WRITABLE, WXLINK_UINT16, 2, MEMBER(Motor_Speed), 4, 0u, 10u},
    {WXLINK_READONLY, WXLINK_BOOL, 1, MEMBER(Infrared), 0, 0u, 1u},
    {WXLINK_READONLY, WXLINK_UINT8, 1, MEMBER(Temperature), 7, 0u, 200u},
    {WXLINK_READONLY, WXLINK_UINT8, 1, MEMBER(Humidity), 8, 0u, 100u},
    {WXLINK_ALERT, WXLINK_BOOL, 1, MEMBER(Alert_1), 0, 0u, 1u},
    {WXLINK_ALERT, WXLINK_BOOL, 1, MEMBER(Alert_2), 1, 0u, 1u},
    {WXLINK_FAULT, WXLINK_BOOL, 1, MEMBER(Fault_LED), 0, 0u, 1u},
    {WXLINK_FAULT, WXLINK_BOOL, 1, MEMBER(Fault_Motor), 1, 0u, 1u},
    {WXLINK_FAULT, WXLINK_BOOL, 1, MEMBER(Fault_TemHum), 2, 0u, 1u},
    {WXLINK_FAULT, WXLINK_BOOL, 1, MEMBER(Fault_IR), 3, 0u, 1u},
};

const wxlink_product gokit_product = {
    .product_key = GOKIT_PRODUCT_KEY,
    .points = points,
    .point_count = GOKIT_POINTS,
    .variable = false,
    .flag_size = GOKIT_FLAG_SIZE,
    .control_flag_size = 1,
    .control_size = 6,
    .status_size = 11,
    .values_size = (uint16_t)sizeof(gokit_values),
    .groups = {{0, 1}, {6, 1}, {9, 1}, {10, 1}},
};

bool gokit_start(gokit_device *device, const wxlink_port *port, const wxlink_identity *identity, void *user)
{
    const wxlink_memory memory = {
        .values = &device->values,
        .reported = &device->reported,
        .due = device->due,
        .ring = device->ring,
        .ring_size = GOKIT_RING_SIZE,
        .frame = device->frame,
        .frame_size = GOKIT_FRAME_SIZE,
        .report = device->report,
        .report_size = GOKIT_REPORT_SIZE,
    };
    return wxlink_start(&device->link, &gokit_product, &memory, port, identity, user);
}
