/* Generated from 微信宠物屋 | GoKit pet house by wxlink codegen, do not edit. */
#include "gokit_product.h"

#include <stddef.h>

#define AT(name) (wxlink_place)offsetof(gokit_values, name)
#if !WXLINK_PRODUCT_LARGE
typedef char offsets_fit[sizeof(gokit_values) <= 256 ? 1 : -1];
#endif

/* Without a zero behind it. */
const char wxlink_product_key[32] WXLINK_ROM = GOKIT_PRODUCT_KEY;

/* member, place, traits and bit in that place, bits, raw minimum, raw maximum */
const wxlink_point wxlink_points[WXLINK_PRODUCT_POINTS] WXLINK_ROM = {
    {AT(LED_OnOff), 0, WXLINK_WRITABLE | WXLINK_BITS, 1, 0u, 1u},
    {AT(LED_Color), 0, 1 | WXLINK_WRITABLE | WXLINK_BITS | WXLINK_CHOICE, 2, 0u, 3u},
    {AT(LED_R), 1, WXLINK_WRITABLE, 8, 0u, 254u},
    {AT(LED_G), 2, WXLINK_WRITABLE, 8, 0u, 254u},
    {AT(LED_B), 3, WXLINK_WRITABLE, 8, 0u, 254u},
    {AT(Motor_Speed), 5, WXLINK_WRITABLE, 16, 0u, 10u},
    {AT(Infrared), 6, WXLINK_BITS, 1, 0u, 1u},
    {AT(Temperature), 7, WXLINK_SLOW, 8, 0u, 200u},
    {AT(Humidity), 8, WXLINK_SLOW, 8, 0u, 100u},
    {AT(Alert_1), 9, WXLINK_BITS, 1, 0u, 1u},
    {AT(Alert_2), 9, 1 | WXLINK_BITS, 1, 0u, 1u},
    {AT(Fault_LED), 10, WXLINK_BITS, 1, 0u, 1u},
    {AT(Fault_Motor), 10, 1 | WXLINK_BITS, 1, 0u, 1u},
    {AT(Fault_TemHum), 10, 2 | WXLINK_BITS, 1, 0u, 1u},
    {AT(Fault_IR), 10, 3 | WXLINK_BITS, 1, 0u, 1u},
};
