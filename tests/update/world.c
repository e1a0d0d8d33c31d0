#include "world.h"

#include <stdio.h>
#include <string.h>

#include "gokit_product.h"
#include "wxlink_boot.h"
#include "wxlink_md5.h"
#include "wxlink_update.h"

#define TICK_MS 5
#define LIFE_MS 120000u /* of a program; an update takes seconds */

typedef enum { RESTARTED, UPDATED, REVERTED, DEAD } life_end;

typedef struct {
    flash_model flash;
    const world_plan *plan;
    uint8_t old_image[IMAGE_MAX];
    uint8_t new_image[IMAGE_MAX];
    char md5[WXLINK_IMAGE_MD5 + 1];
    bool new_seen;
    gokit_device device;
    wxlink_update update;
    uint32_t clock_ms;
    bool restart;
    const char *why;
    uint8_t line[1024];  /* from the MCU */
    uint16_t line_size;
    wxlink_parser parser;
    uint8_t frame[256];
    uint8_t sn;
    uint16_t next_piece; /* 0: none is due */
    uint32_t silence_ms;
    uint32_t announces;
} world;

static world all;

static void on_write(void *user, const uint8_t *bytes, uint16_t size)
{
    world *self = user;
    if (self->line_size + size <= sizeof self->line) {
        memcpy(self->line + self->line_size, bytes, size);
        self->line_size = (uint16_t)(self->line_size + size);
    }
}

static uint32_t milliseconds(void *user)
{
    return ((world *)user)->clock_ms;
}

static void on_restart(void *user)
{
    ((world *)user)->restart = true;
}

/* A byte of the module goes straight to the MCU. */
static void to_mcu(world *self, uint8_t byte)
{
    wxlink_receive(&self->device.link, &byte, 1);
    wxlink_poll(&self->device.link);
}

static void say(world *self, uint8_t cmd, uint8_t sn, const uint8_t *payload, uint16_t size)
{
    const uint16_t len = (uint16_t)(size + 5);
    const uint8_t head[] = {(uint8_t)(len >> 8), (uint8_t)len, cmd, sn, 0, 0};
    uint8_t sum = 0;
    to_mcu(self, 0xFF);
    to_mcu(self, 0xFF);
    for (uint16_t i = 0; i < len + 2; i++) {
        const uint8_t byte = i < sizeof head ? head[i] : i < sizeof head + size ? payload[i - sizeof head] : sum;
        sum = (uint8_t)(sum + byte);
        to_mcu(self, byte);
        if (byte == 0xFF) {
            to_mcu(self, 0x55);
        }
    }
}

static void announce(world *self)
{
    uint8_t payload[38] = {(uint8_t)(self->plan->new_size >> 24), (uint8_t)(self->plan->new_size >> 16),
                           (uint8_t)(self->plan->new_size >> 8), (uint8_t)self->plan->new_size, 0, 32};
    memcpy(payload + 6, self->md5, WXLINK_IMAGE_MD5);
    self->announces++;
    say(self, 0x19, self->sn++, payload, sizeof payload);
}

static void send_piece(world *self)
{
    const uint32_t size = self->plan->new_size;
    const uint16_t count = (uint16_t)((size + WXLINK_PIECE_SIZE - 1) / WXLINK_PIECE_SIZE);
    const uint16_t number = self->next_piece;
    uint8_t payload[4 + WXLINK_PIECE_SIZE] = {(uint8_t)(number >> 8), (uint8_t)number, (uint8_t)(count >> 8), (uint8_t)count};
    const uint32_t at = (number - 1u) * (uint32_t)WXLINK_PIECE_SIZE;
    const uint16_t part = (uint16_t)(size - at < WXLINK_PIECE_SIZE ? size - at : WXLINK_PIECE_SIZE);
    memcpy(payload + 4, self->new_image + at, part);
    self->next_piece = number < count ? (uint16_t)(number + 1) : 0;
    say(self, 0x1D, self->sn++, payload, (uint16_t)(4 + part));
}

/* What the module does about a frame of the MCU. */
static void take(world *self, const uint8_t *frame)
{
    const uint8_t sn = frame[WXLINK_AT_SN];
    self->silence_ms = 0;
    switch (frame[WXLINK_AT_CMD]) {
    case 0x02:
        if (self->plan->forgets) {
            announce(self);
        }
        break;
    case 0x05:
        say(self, 0x06, sn, NULL, 0);
        break;
    case 0x1B:
        if (memcmp(frame + WXLINK_AT_PAYLOAD + 2, self->md5, WXLINK_IMAGE_MD5) != 0) {
            self->why = "asked for another image";
        }
        say(self, 0x1C, sn, NULL, 0);
        self->next_piece = 1;
        send_piece(self);
        break;
    case 0x1E:
        if (self->next_piece != 0) {
            send_piece(self);
        }
        break;
    case 0x27:
        say(self, 0x28, sn, NULL, 0);
        announce(self);
        break;
    default:
        break;
    }
}

static void listen(world *self)
{
    uint8_t line[sizeof self->line];
    const uint16_t size = self->line_size;
    memcpy(line, self->line, size);
    self->line_size = 0;
    for (uint16_t i = 0; i < size; i++) {
        if (wxlink_parse(&self->parser, line[i]) == WXLINK_FRAME) {
            take(self, self->frame);
        }
    }
}

static bool program_is(const world *self, const uint8_t *image, uint32_t size)
{
    const uint32_t at = self->flash.table.program;
    for (uint32_t i = 0; i < size; i++) {
        if (self->flash.value[at + i] != image[i] || self->flash.weak[at + i] != 0) {
            return false;
        }
    }
    return true;
}

/* The old program, or a new one that works: takes the module's questions until it is told to restart. */
static life_end run_program(world *self, bool is_new)
{
    static const wxlink_port port = {.write = on_write, .milliseconds = milliseconds, .restart = on_restart};
    static const wxlink_identity identity = {.hardware_version = "03010100", .software_version = "00000001"};
    memset(&self->device, 0, sizeof self->device);
    self->line_size = 0;
    self->restart = false;
    self->next_piece = 0;
    self->announces = 0;
    wxlink_parser_start(&self->parser, self->frame, sizeof self->frame);
    if (!gokit_start(&self->device, &port, &identity, self) ||
        !wxlink_update_start(&self->update, &self->device.link, &self->flash.table, NULL)) {
        self->why = "the program did not start";
        return DEAD;
    }
    if (is_new) {
        return wxlink_update_confirm(&self->flash.table) ? UPDATED : DEAD;
    }
    say(self, 0x01, self->sn++, NULL, 0);
    for (uint32_t ms = 0; ms < LIFE_MS && !self->restart && self->why == NULL; ms += TICK_MS) {
        self->clock_ms += TICK_MS;
        self->silence_ms += TICK_MS;
        wxlink_poll(&self->device.link);
        listen(self);
        if (self->silence_ms > 1000 && self->next_piece == 0 && self->announces == 0) {
            announce(self);
        }
    }
    if (!self->restart && self->why == NULL) {
        self->why = "the update did not end";
    }
    return self->restart ? RESTARTED : DEAD;
}

static life_end live(world *self)
{
    if (!wxlink_boot(&self->flash.table)) {
        self->why = "the bootloader gave up";
        return DEAD;
    }
    const bool is_new = program_is(self, self->new_image, self->plan->new_size);
    if (!is_new && !program_is(self, self->old_image, self->plan->old_size)) {
        self->why = "no whole program";
        return DEAD;
    }
    if (!is_new && self->plan->hangs && self->new_seen) {
        return REVERTED;
    }
    self->new_seen = self->new_seen || is_new;
    return is_new && self->plan->hangs ? RESTARTED : run_program(self, is_new);
}

static void fill(world *self, uint8_t *image, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        image[i] = (uint8_t)flash_draw(&self->flash, 256);
    }
}

static void prepare(world *self, const world_plan *plan)
{
    wxlink_md5 md5;
    uint8_t digest[WXLINK_MD5_SIZE];
    self->plan = plan;
    self->why = NULL;
    self->new_seen = false;
    self->clock_ms = 0;
    flash_start(&self->flash, plan->page_size, plan->unit, plan->pages, plan->seed);
    fill(self, self->old_image, plan->old_size);
    fill(self, self->new_image, plan->new_size);
    self->new_image[0] = (uint8_t)~self->old_image[0]; /* else a tiny one may be the beginning of the other */
    memcpy(self->flash.value + self->flash.table.program, self->old_image, plan->old_size);
    wxlink_md5_start(&md5);
    for (uint32_t i = 0; i < plan->new_size; i++) {
        wxlink_md5_take(&md5, self->new_image + i, 1);
    }
    wxlink_md5_end(&md5, digest);
    for (int i = 0; i < (int)sizeof digest; i++) {
        snprintf(self->md5 + 2 * i, 3, "%02x", digest[i]);
    }
}

world_result world_run(const world_plan *plan, const flash_cut *cuts, uint32_t count)
{
    static life_end end; /* not lost to longjmp */
    static world_result result;
    static bool next;
    world *self = &all;
    jmp_buf power_off;
    prepare(self, plan);
    memset(&result, 0, sizeof result);
    next = true;
    self->flash.power_off = &power_off;
    do {
        if (next) {
            self->flash.cut = result.cuts < count ? cuts[result.cuts] : (flash_cut){.after = NEVER};
        }
        result.lives++;
        end = RESTARTED;
        next = setjmp(power_off) != 0;
        if (!next) {
            end = live(self);
        } else {
            result.cuts++;
        }
    } while (end == RESTARTED && result.lives < LIVES_MAX);
    if (self->why == NULL && end != (plan->hangs ? REVERTED : UPDATED)) {
        self->why = "the update was never through";
    }
    result.dead = self->why != NULL;
    result.why = self->why;
    result.events = self->flash.events;
    result.journal_events = self->flash.journal_events;
    return result;
}
