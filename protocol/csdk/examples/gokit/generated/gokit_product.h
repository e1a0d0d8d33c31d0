/* Generated from 微信宠物屋 | GoKit pet house by wxlink codegen, do not edit.
 *
 * Fixed-length product, 15 data points. Numbers are RAW values everywhere; where a data point has other display values
 * (y = ratio * raw + addition) its macros convert between both without floating point: displays are whole numbers of
 * 1/SCALE, so SCALE 10 means tenths. <POINT>_RAW(y) rounds to the nearest step and stays within the limits.
 */
#ifndef GOKIT_PRODUCT_H
#define GOKIT_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "wxlink.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GOKIT_PRODUCT_KEY "6f0d4b7c91e24a35b8d2c7f3a1905e68"
#define GOKIT_POINTS 15u

/* Data points: what the control callback is given. */
typedef enum {
    GOKIT_POINT_LED_ONOFF = 0,
    GOKIT_POINT_LED_COLOR = 1,
    GOKIT_POINT_LED_R = 2,
    GOKIT_POINT_LED_G = 3,
    GOKIT_POINT_LED_B = 4,
    GOKIT_POINT_MOTOR_SPEED = 5,
    GOKIT_POINT_INFRARED = 6,
    GOKIT_POINT_TEMPERATURE = 7,
    GOKIT_POINT_HUMIDITY = 8,
    GOKIT_POINT_ALERT_1 = 9,
    GOKIT_POINT_ALERT_2 = 10,
    GOKIT_POINT_FAULT_LED = 11,
    GOKIT_POINT_FAULT_MOTOR = 12,
    GOKIT_POINT_FAULT_TEMHUM = 13,
    GOKIT_POINT_FAULT_IR = 14,
} gokit_point;

/* The value of every data point: write what the hardware measures, read what users set. */
typedef struct {
    bool LED_OnOff; /* 开启/关闭红色灯 | Red light (writable) */
    uint8_t LED_Color; /* 设定LED组合颜色 | Light colour (writable) */
    uint8_t LED_R; /* 设定LED颜色R值 | Red (writable) */
    uint8_t LED_G; /* 设定LED颜色G值 | Green (writable) */
    uint8_t LED_B; /* 设定LED颜色B值 | Blue (writable) */
    uint16_t Motor_Speed; /* 设定电机转速 | Motor speed (writable) */
    bool Infrared; /* 红外探测 | Infrared detector (read-only) */
    uint8_t Temperature; /* 环境温度 | Temperature (read-only) */
    uint8_t Humidity; /* 环境湿度 | Humidity (read-only) */
    bool Alert_1; /* 报警1 | Alert 1 (alert) */
    bool Alert_2; /* 报警2 | Alert 2 (alert) */
    bool Fault_LED; /* LED故障 | Light fault (fault) */
    bool Fault_Motor; /* 电机故障 | Motor fault (fault) */
    bool Fault_TemHum; /* 温湿度传感器故障 | Temperature and humidity sensor fault (fault) */
    bool Fault_IR; /* 红外传感器故障 | Infrared sensor fault (fault) */
} gokit_values;

/* LED_Color: 设定LED组合颜色 | Light colour */
enum {
    GOKIT_LED_COLOR_VALUE0_CUSTOM = 0, /* 自定义 | custom */
    GOKIT_LED_COLOR_VALUE1_YELLOW = 1, /* 黄色 | yellow */
    GOKIT_LED_COLOR_VALUE2_PURPLE = 2, /* 紫色 | purple */
    GOKIT_LED_COLOR_VALUE3_PINK = 3, /* 粉色 | pink */
};

/* LED_R: 设定LED颜色R值 | Red */
#define GOKIT_LED_R_RAW_MIN 0u
#define GOKIT_LED_R_RAW_MAX 254u

/* LED_G: 设定LED颜色G值 | Green */
#define GOKIT_LED_G_RAW_MIN 0u
#define GOKIT_LED_G_RAW_MAX 254u

/* LED_B: 设定LED颜色B值 | Blue */
#define GOKIT_LED_B_RAW_MIN 0u
#define GOKIT_LED_B_RAW_MAX 254u

/* Motor_Speed: 设定电机转速 | Motor speed; y = 1 * raw + -5 */
#define GOKIT_MOTOR_SPEED_RAW_MIN 0u
#define GOKIT_MOTOR_SPEED_RAW_MAX 10u
#define GOKIT_MOTOR_SPEED_SCALE 1
#define GOKIT_MOTOR_SPEED_DISPLAY(raw) ((int32_t)(raw) * (1) + (-5))
#define GOKIT_MOTOR_SPEED_RAW(y) wxlink_raw((y), (1), (-5), GOKIT_MOTOR_SPEED_RAW_MIN, GOKIT_MOTOR_SPEED_RAW_MAX)

/* Temperature: 环境温度 | Temperature; y = 1 * raw + -13; in ℃ */
#define GOKIT_TEMPERATURE_RAW_MIN 0u
#define GOKIT_TEMPERATURE_RAW_MAX 200u
#define GOKIT_TEMPERATURE_SCALE 1
#define GOKIT_TEMPERATURE_DISPLAY(raw) ((int32_t)(raw) * (1) + (-13))
#define GOKIT_TEMPERATURE_RAW(y) wxlink_raw((y), (1), (-13), GOKIT_TEMPERATURE_RAW_MIN, GOKIT_TEMPERATURE_RAW_MAX)

/* Humidity: 环境湿度 | Humidity; in % */
#define GOKIT_HUMIDITY_RAW_MIN 0u
#define GOKIT_HUMIDITY_RAW_MAX 100u

/* Everything one link needs. Start it with gokit_start, then use `values` and `link`. */
typedef struct {
    gokit_values values;
    wxlink link;
} gokit_device;

/* Names of the data points and texts of the enums (NULL for other data points), by data point: for logs. Compile
 * gokit_names.c to have them; firmware that needs no text leaves it out. */
extern const char *const gokit_names[GOKIT_POINTS];
extern const char *const *const gokit_texts[GOKIT_POINTS];

/* wxlink_start with this product's values, which keep what stands there. */
static inline bool gokit_start(gokit_device *device, const wxlink_port *port, const wxlink_identity *identity,
                                   void *user)
{
    return wxlink_start(&device->link, &device->values, port, identity, user);
}

#ifdef __cplusplus
}
#endif

#endif
