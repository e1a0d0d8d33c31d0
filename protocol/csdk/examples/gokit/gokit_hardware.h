/* The GoKit board, simulated: a lamp and a motor that say in the log what they do, and a room whose temperature and
 * humidity drift. */
#ifndef GOKIT_HARDWARE_H
#define GOKIT_HARDWARE_H

#include <stdint.h>

#include "gokit_product.h"

typedef struct {
    uint32_t random;     /* state of the drift: the same seed gives the same room */
    uint32_t drift_ms;
    uint32_t drifted_at;
} gokit_hardware;

/* Power-on: lamp and motor off, the room where the seed puts it. */
void hardware_start(gokit_hardware *hardware, gokit_values *values, uint32_t seed, uint32_t drift_ms, uint32_t now);

/* Does what a user asked: the values hold it already. */
void hardware_control(const gokit_values *values, uint16_t point);

/* Measures the room: every drift_ms it is a little different. */
void hardware_measure(gokit_hardware *hardware, gokit_values *values, uint32_t now);

#endif
