#include "gokit_hardware.h"

#include <inttypes.h>
#include <string.h>

#include "bench_log.h"

#define COLDEST GOKIT_TEMPERATURE_RAW(16)
#define WARMEST GOKIT_TEMPERATURE_RAW(34)
#define DRIEST 30u
#define WETTEST 70u

/* The generator of Numerical Recipes; its high bits are the good ones. */
static uint32_t draw(gokit_hardware *hardware, uint32_t below)
{
    hardware->random = hardware->random * 1664525u + 1013904223u;
    return (hardware->random >> 16) % below;
}

/* One step down, none, or one up, within the limits. */
static uint8_t drift(gokit_hardware *hardware, uint8_t value, uint32_t least, uint32_t most)
{
    const uint32_t step = draw(hardware, 3);
    const uint32_t next = value + step - 1u;
    return (uint8_t)(next < least ? least : next > most ? most : next);
}

void hardware_start(gokit_hardware *hardware, gokit_values *values, uint32_t seed, uint32_t drift_ms, uint32_t now)
{
    memset(values, 0, sizeof *values);
    hardware->random = seed;
    hardware->drift_ms = drift_ms;
    hardware->drifted_at = now;
    values->Motor_Speed = (uint16_t)GOKIT_MOTOR_SPEED_RAW(0);
    values->Temperature = (uint8_t)(GOKIT_TEMPERATURE_RAW(22) + draw(hardware, 6));
    values->Humidity = (uint8_t)(45u + draw(hardware, 11));
}

static uint32_t raw_of(const gokit_values *values, uint16_t point)
{
    switch (point) {
    case GOKIT_POINT_LED_ONOFF:
        return values->LED_OnOff;
    case GOKIT_POINT_LED_COLOR:
        return values->LED_Color;
    case GOKIT_POINT_LED_R:
        return values->LED_R;
    case GOKIT_POINT_LED_G:
        return values->LED_G;
    case GOKIT_POINT_LED_B:
        return values->LED_B;
    default:
        return values->Motor_Speed;
    }
}

void hardware_control(const gokit_values *values, uint16_t point)
{
    const uint32_t raw = raw_of(values, point);
    if (gokit_texts[point] != NULL) {
        log_line("hw %s = %" PRIu32 " (%s)", gokit_names[point], raw, gokit_texts[point][raw]);
    } else if (point == GOKIT_POINT_MOTOR_SPEED) {
        log_line("hw %s = %" PRId32, gokit_names[point], GOKIT_MOTOR_SPEED_DISPLAY(raw));
    } else {
        log_line("hw %s = %" PRIu32, gokit_names[point], raw);
    }
}

void hardware_measure(gokit_hardware *hardware, gokit_values *values, uint32_t now)
{
    while (now - hardware->drifted_at >= hardware->drift_ms) {
        hardware->drifted_at += hardware->drift_ms;
        values->Temperature = drift(hardware, values->Temperature, COLDEST, WARMEST);
        values->Humidity = drift(hardware, values->Humidity, DRIEST, WETTEST);
    }
}
