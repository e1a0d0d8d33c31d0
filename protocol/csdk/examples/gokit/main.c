/* A GoKit board on a tty: the MCU SDK with simulated hardware. Also the example to start a product from: the callbacks,
 * `boot` and `work` are what firmware has, with a UART and pins in place of the tty and the log. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gokit_hardware.h"
#include "bench_log.h"
#include "bench_options.h"
#include "gokit_product.h"
#include "bench_secret.h"
#include "wxlink_posix.h"

#define WAIT_MS 10 /* longest time without wxlink_poll */
#define READ_SIZE 256
#define WRONG_USAGE 2

typedef struct {
    gokit_device device;
    gokit_hardware hardware;
    bench_options options;
    wxlink_identity identity;
    char secret[SECRET_SIZE + 1];
    int line;
    bool stuck;   /* the line took no bytes: its other end does not read */
    bool restart; /* asked for; a real board would reset itself in the callback */
} gokit_board;

static gokit_board board;
static volatile sig_atomic_t stopped;

static void write_line(void *user, const uint8_t *bytes, uint16_t size)
{
    gokit_board *self = user;
    self->stuck = !wxlink_posix_write(self->line, bytes, size) || self->stuck;
    log_bytes(true, bytes, size);
}

static uint32_t milliseconds(void *user)
{
    (void)user;
    return wxlink_posix_milliseconds();
}

static void on_control(void *user, uint16_t point)
{
    const gokit_board *self = user;
    hardware_control(&self->device.values, point);
}

static void on_status(void *user, uint16_t status, uint16_t changed)
{
    (void)user;
    (void)changed;
    log_line("status router=%d cloud=%d app=%d signal=%d", (status & WXLINK_STATUS_ROUTER) != 0,
             (status & WXLINK_STATUS_CLOUD) != 0, (status & WXLINK_STATUS_APP) != 0,
             (status & WXLINK_STATUS_SIGNAL) >> WXLINK_STATUS_SIGNAL_SHIFT);
}

static void on_restart(void *user)
{
    gokit_board *self = user;
    self->restart = true;
}

static const wxlink_port port = {
    .write = write_line,
    .milliseconds = milliseconds,
    .control = on_control,
    .status = on_status,
    .restart = on_restart,
};

/* Power-on. False when the SDK cannot work with what it was given. */
static bool boot(gokit_board *self)
{
    self->restart = false;
    hardware_start(&self->hardware, &self->device.values, self->options.seed, self->options.drift_ms,
                   wxlink_posix_milliseconds());
    return gokit_start(&self->device, &port, &self->identity, self);
}

/* The main loop's body: bytes in, frames handled, room measured, changes reported. False when the line is gone. */
static bool work(gokit_board *self)
{
    uint8_t bytes[READ_SIZE];
    const int count = wxlink_posix_read(self->line, bytes, sizeof bytes, WAIT_MS);
    if (count < 0) {
        return false;
    }
    for (int i = 0; i < count; i++) { /* so that the log shows each answer behind its question */
        log_bytes(false, &bytes[i], 1);
        wxlink_receive(&self->device.link, &bytes[i], 1);
        wxlink_poll(&self->device.link);
    }
    wxlink_poll(&self->device.link);
    hardware_measure(&self->hardware, &self->device.values, wxlink_posix_milliseconds());
    wxlink_report(&self->device.link);
    return true;
}

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static int fail(const char *what)
{
    fprintf(stderr, "gokit: %s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

int main(int count, char **words)
{
    if (!options_read(&board.options, false, count, words)) {
        return WRONG_USAGE;
    }
    if (board.options.help) {
        options_help(&board.options, false);
        return EXIT_SUCCESS;
    }
    if (board.options.secret_file != NULL &&
        !secret_read(board.options.program, board.options.secret_file, board.secret)) {
        return EXIT_FAILURE;
    }
    if (!log_open(board.options.log)) {
        return fail(board.options.log);
    }
    board.line = wxlink_posix_open(board.options.port);
    if (board.line < 0) {
        return fail(board.options.port);
    }
    board.identity = (wxlink_identity){
        .hardware_version = "03010100",
        .software_version = "03030000",
        .product_secret = board.options.secret_file != NULL ? board.secret : NULL,
    };
    catch_signals();
    if (!boot(&board)) {
        fputs("gokit: the SDK refuses this product's identity\n", stderr);
        return EXIT_FAILURE;
    }
    log_line("ready %s", board.options.port);
    while (!stopped) {
        if (!work(&board)) {
            return fail(board.options.port);
        }
        if (board.stuck) {
            board.stuck = false;
            log_line("line takes no bytes");
        }
        if (board.restart) {
            log_line("hw restart");
            (void)boot(&board);
        }
    }
    log_line("stopped");
    return EXIT_SUCCESS;
}
