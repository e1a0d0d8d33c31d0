/* Generated from 微信宠物屋 | GoKit pet house by wxlink codegen, do not edit. */
#include "gokit_product.h"

#include <stddef.h>

const char *const gokit_names[GOKIT_POINTS] = {
    "LED_OnOff",
    "LED_Color",
    "LED_R",
    "LED_G",
    "LED_B",
    "Motor_Speed",
    "Infrared",
    "Temperature",
    "Humidity",
    "Alert_1",
    "Alert_2",
    "Fault_LED",
    "Fault_Motor",
    "Fault_TemHum",
    "Fault_IR",
};

static const char *const texts_1[] = {"自定义", "黄色", "紫色", "粉色"};

const char *const *const gokit_texts[GOKIT_POINTS] = {
    NULL,
    texts_1,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
};
