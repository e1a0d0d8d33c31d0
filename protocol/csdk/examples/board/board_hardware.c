#include "board_hardware.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench_log.h"
#include "board_memory.h"

#define NUMBER_SIZE 300 /* characters; no number has more than 255 digits after the point */

static uint8_t *place(const board_hardware *hardware, uint16_t point)
{
    return (uint8_t *)hardware->values + board_rows[point].offset;
}

/* The raw value of a bool, enum or number. */
static uint32_t get(const board_hardware *hardware, uint16_t point)
{
    uint8_t one;
    uint16_t two;
    uint32_t four;
    switch (board_rows[point].size) {
    case sizeof one:
        memcpy(&one, place(hardware, point), sizeof one);
        return one;
    case sizeof two:
        memcpy(&two, place(hardware, point), sizeof two);
        return two;
    default:
        memcpy(&four, place(hardware, point), sizeof four);
        return four;
    }
}

static void set(board_hardware *hardware, uint16_t point, uint32_t raw)
{
    const uint8_t one = (uint8_t)raw;
    const uint16_t two = (uint16_t)raw;
    switch (board_rows[point].size) {
    case sizeof one:
        memcpy(place(hardware, point), &one, sizeof one);
        break;
    case sizeof two:
        memcpy(place(hardware, point), &two, sizeof two);
        break;
    default:
        memcpy(place(hardware, point), &raw, sizeof raw);
        break;
    }
}

/* The generator of Numerical Recipes; its high bits are the good ones. */
static uint32_t draw(board_hardware *hardware, uint32_t below)
{
    hardware->random = hardware->random * 1664525u + 1013904223u;
    return (hardware->random >> 16) % below;
}

static uint32_t draw_between(board_hardware *hardware, uint32_t low, uint32_t high)
{
    return low == high ? low : low + draw(hardware, high - low + 1u);
}

static uint32_t clamp(int64_t value, uint32_t low, uint32_t high)
{
    return value < low ? low : value > high ? high : (uint32_t)value;
}

static bool keep(board_hardware *hardware)
{
    bool changed = false;
    for (uint16_t i = 0; i < BOARD_POINTS; i++) {
        if (board_rows[i].keep && hardware->kept[i] != get(hardware, i)) {
            hardware->kept[i] = get(hardware, i);
            changed = true;
        }
    }
    return !changed || hardware->memory == NULL || memory_write(hardware->memory, hardware->kept);
}

void hardware_start(board_hardware *hardware, board_values *values, uint32_t seed, uint32_t drift_ms, uint32_t now)
{
    const char *memory = hardware->memory;
    uint32_t kept[BOARD_POINTS];
    bool known[BOARD_POINTS];
    for (uint16_t i = 0; i < BOARD_POINTS; i++) {
        kept[i] = hardware->kept[i];
        known[i] = hardware->values != NULL; /* from before a restart */
    }
    if (memory != NULL) {
        memory_read(memory, kept, known);
    }
    *hardware = (board_hardware){
        .values = values, .random = seed, .drift_ms = drift_ms, .drifted_at = now, .memory = memory};
    memset(values, 0, sizeof *values);
    for (uint16_t i = 0; i < BOARD_POINTS; i++) {
        const board_row *row = &board_rows[i];
        if (row->binary) {
            if (row->start != NULL) {
                memcpy(place(hardware, i), row->start, row->size);
            }
            continue;
        }
        set(hardware, i, draw_between(hardware, row->start_low, row->start_high));
        if (row->keep && known[i]) {
            set(hardware, i, clamp(kept[i], row->floor, row->ceiling));
        }
        hardware->kept[i] = row->keep && known[i] ? kept[i] : get(hardware, i);
    }
}

static void say(const board_hardware *hardware, const char *what, uint16_t point)
{
    static char text[2 * sizeof(board_values) + NUMBER_SIZE];
    const board_row *row = &board_rows[point];
    if (row->binary) {
        for (uint16_t i = 0; i < row->size; i++) {
            sprintf(text + 2 * i, "%02X", place(hardware, point)[i]);
        }
    } else if (board_texts[point] != NULL) {
        const uint32_t raw = get(hardware, point);
        log_line("%s%s = %" PRIu32 " (%s)", what, board_names[point], raw, board_texts[point][raw]);
        return;
    } else {
        int64_t unit = 1;
        for (uint8_t i = 0; i < row->decimals; i++) {
            unit *= 10;
        }
        const int64_t shown = (int64_t)get(hardware, point) * row->ratio + row->addition;
        const int64_t size = shown < 0 ? -shown : shown;
        const int length = sprintf(text, "%s%" PRId64, shown < 0 ? "-" : "", size / unit);
        if (row->decimals > 0) {
            sprintf(text + length, ".%0*" PRId64, row->decimals, size % unit);
        }
    }
    log_line("%s%s = %s", what, board_names[point], text);
}

void hardware_control(board_hardware *hardware, uint16_t point)
{
    hardware->commanded = true;
    hardware->named[point] = true;
    say(hardware, "hw ", point);
}

static bool is_on(const board_hardware *hardware, uint16_t reference)
{
    return get(hardware, (uint16_t)(reference - 1u)) != 0;
}

static bool is_due(const board_hardware *hardware, const board_row *row)
{
    return hardware->steps % row->every == 0 && (row->gate == 0 || is_on(hardware, row->gate));
}

static bool is_crossed(const board_hardware *hardware, const board_row *row)
{
    const int64_t raw = get(hardware, (uint16_t)(row->of - 1u));
    return row->less ? raw < row->bound : raw > row->bound;
}

/* A payment, once: orders count upwards, and what would not fit is not taken. */
static void credit(board_hardware *hardware, uint16_t point)
{
    const board_row *row = &board_rows[point];
    const uint16_t balance = (uint16_t)(row->balance - 1u);
    const uint32_t order = get(hardware, (uint16_t)(row->order - 1u));
    const uint64_t total = (uint64_t)get(hardware, balance) + get(hardware, (uint16_t)(row->amount - 1u));
    if (order > get(hardware, point) && total <= board_rows[balance].ceiling) {
        char what[48];
        set(hardware, balance, (uint32_t)total);
        set(hardware, point, order);
        sprintf(what, "hw credited order %" PRIu32 ", ", order);
        say(hardware, what, balance);
    }
}

bool hardware_obey(board_hardware *hardware)
{
    if (!hardware->commanded) {
        return true;
    }
    for (uint16_t i = 0; i < BOARD_POINTS; i++) {
        const board_row *row = &board_rows[i];
        if (row->kind == BOARD_ANSWER && hardware->named[row->of - 1u]) {
            memcpy(place(hardware, i), place(hardware, (uint16_t)(row->of - 1u)), row->size);
        } else if (row->after != 0 && hardware->named[row->after - 1u] && is_on(hardware, row->after)) {
            hardware->were_on[i] = true; /* it may be off again before the next step looks */
        } else if (row->kind == BOARD_TRIP && is_crossed(hardware, row)) {
            set(hardware, i, 0);
        } else if (row->kind == BOARD_LEDGER && hardware->named[row->order - 1u] && hardware->named[row->amount - 1u]) {
            credit(hardware, i);
        }
    }
    hardware->commanded = false;
    memset(hardware->named, 0, sizeof hardware->named);
    return keep(hardware);
}

static void follow(board_hardware *hardware, uint16_t point, const board_row *row)
{
    int64_t target = row->rest;
    if (hardware->steps % row->every != 0) {
        return;
    }
    if (row->gate == 0 || is_on(hardware, row->gate)) {
        const int64_t raw = row->of == 0 ? 0 : get(hardware, (uint16_t)(row->of - 1u));
        const int64_t above = 2 * (raw * row->num + row->add) + row->den;
        const int64_t below = 2 * row->den;
        target = above / below - (above % below < 0); /* rounded to the nearest, halves upwards */
    } else if (!row->rests) {
        return;
    }
    target = clamp(target, row->floor, row->ceiling);
    const int64_t now = get(hardware, point);
    const int64_t next = target > now ? now + row->by_high : now - row->by_high;
    set(hardware, point, (uint32_t)((target > now) == (next > target) ? target : next));
}

static bool went_off(board_hardware *hardware, uint16_t point, const board_row *row)
{
    const bool before = hardware->were_on[point];
    hardware->were_on[point] = is_on(hardware, row->after);
    return before && !hardware->were_on[point];
}

/* One step of one data point. */
static void move(board_hardware *hardware, uint16_t point, const board_row *row)
{
    const int64_t now = row->binary ? 0 : get(hardware, point);
    int64_t next = now;
    switch (row->kind) {
    case BOARD_DRIFT:
        if (is_due(hardware, row)) {
            next = clamp(now + draw(hardware, 2u * row->by_high + 1u) - row->by_high, row->low, row->high);
        }
        break;
    case BOARD_COUNT:
        if (is_due(hardware, row)) {
            next = now + draw_between(hardware, row->by_low, row->by_high);
            next = next <= row->high ? next : row->again ? row->floor : row->high;
        } else if (row->rests && row->gate != 0 && !is_on(hardware, row->gate)) {
            next = row->rest;
        }
        break;
    case BOARD_DRAIN:
        if (is_due(hardware, row)) {
            next = now - draw_between(hardware, row->by_low, row->by_high);
            next = next >= row->low ? next : row->again ? row->ceiling : row->low;
        }
        break;
    case BOARD_FOLLOW:
        follow(hardware, point, row);
        return;
    case BOARD_SAMPLE:
        if (went_off(hardware, point, row)) {
            next = row->low + draw(hardware, row->high - row->low + 1u);
        }
        break;
    case BOARD_TALLY:
        if (went_off(hardware, point, row)) {
            next = clamp(now + row->by_high, row->floor, row->ceiling);
        }
        break;
    case BOARD_PULSE:
        hardware->ages[point] = now != 0 ? hardware->ages[point] + 1u : 0;
        if (hardware->ages[point] >= row->every) {
            hardware->ages[point] = 0;
            next = 0;
        }
        break;
    case BOARD_ALARM:
        next = is_crossed(hardware, row);
        break;
    case BOARD_TRIP:
        next = is_crossed(hardware, row) ? 0 : now;
        break;
    default:
        return;
    }
    set(hardware, point, (uint32_t)next);
}

bool hardware_measure(board_hardware *hardware, uint32_t now)
{
    while (now - hardware->drifted_at >= hardware->drift_ms) {
        hardware->drifted_at += hardware->drift_ms;
        hardware->steps++;
        for (uint16_t i = 0; i < BOARD_POINTS; i++) {
            move(hardware, i, &board_rows[i]);
        }
        if (!keep(hardware)) {
            return false;
        }
    }
    return true;
}
