/* The hardware of any product, simulated: the table that is generated from the hints of a product file, and the engine
 * that goes through it. The same seed gives the same course as in wxlink.bench.hardware. */
#ifndef BOARD_HARDWARE_H
#define BOARD_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "board_product.h"

typedef enum {
    BOARD_HOLD,   /* stays as it is until somebody sets it */
    BOARD_DRIFT,  /* up or down by up to by_high, inside low and high */
    BOARD_COUNT,  /* rises by by_low to by_high, up to high */
    BOARD_DRAIN,  /* falls by by_low to by_high, down to low */
    BOARD_FOLLOW, /* moves by up to by_high towards (of * num + add) / den, to rest while the gate is off */
    BOARD_ANSWER, /* takes the value of `of` when that one is set */
    BOARD_SAMPLE, /* a new value between low and high when `after` went off */
    BOARD_TALLY,  /* rises by by_high when `after` went off */
    BOARD_PULSE,  /* goes off after `every` steps */
    BOARD_ALARM,  /* on while `of` is beyond the bound */
    BOARD_TRIP,   /* goes off when `of` is beyond the bound */
    BOARD_LEDGER  /* the last credited order: a higher one adds `amount` to `balance` */
} board_kind;

/* Other data points stand in a row as POINT(id), so that 0 means none. */
#define POINT(id) ((id) + 1u)

/* What the hardware does with one data point. Numbers are raw. */
typedef struct {
    board_kind kind;
    uint16_t offset; /* in board_values */
    uint16_t size;   /* bytes there */
    bool binary;
    bool keep;  /* it outlives a restart */
    bool again; /* a count or drain begins anew at floor or ceiling */
    bool rests; /* `rest` is valid */
    bool less;  /* the bound is crossed below it, else above */
    uint16_t every;
    uint16_t gate, of, after, order, amount, balance;
    uint32_t start_low, start_high;
    const char *start; /* of a binary; NULL: zeros */
    uint32_t by_low, by_high;
    uint32_t low, high;
    uint32_t floor, ceiling; /* the limits of its values */
    uint32_t rest;
    int64_t num, den, add, bound;
    int64_t ratio, addition; /* shown is raw * ratio + addition, in units of the last of `decimals` digits */
    uint8_t decimals;
} board_row;

/* By data point; generated. */
extern const board_row board_rows[BOARD_POINTS];

typedef struct {
    board_values *values;
    uint32_t random; /* the same seed gives the same course */
    uint32_t drift_ms;
    uint32_t drifted_at;
    uint32_t steps;
    uint32_t ages[BOARD_POINTS];  /* of pulses, in steps */
    bool were_on[BOARD_POINTS];   /* what `after` was at the last step */
    bool commanded;               /* a point is named */
    bool named[BOARD_POINTS];     /* set by users and not yet obeyed */
    uint32_t kept[BOARD_POINTS];  /* raw values that outlive a restart */
    const char *memory;           /* file of those; NULL: they live as long as the program */
} board_hardware;

/* Power-on: every data point where its hint, the memory and the seed put it. `hardware` keeps `kept` and `memory`. */
void hardware_start(board_hardware *hardware, board_values *values, uint32_t seed, uint32_t drift_ms, uint32_t now);

/* A user set this data point; its value stands in the values already. Says so in the log. */
void hardware_control(board_hardware *hardware, uint16_t point);

/* Does what follows at once from what users set by one command, if there was one. False, with errno set, when the memory
 * cannot be written. */
bool hardware_obey(board_hardware *hardware);

/* Goes on: a step for each drift_ms that passed. False, with errno set, when the memory cannot be written. */
bool hardware_measure(board_hardware *hardware, uint32_t now);

#endif
