/* A board of any product on a tty: the MCU SDK, and hardware that is simulated by the hints of the product file.
 * Compiled with what `wxlink demo` generates for a product under the prefix `board`. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_log.h"
#include "bench_options.h"
#include "bench_secret.h"
#include "board_hardware.h"
#include "board_product.h"
#include "wxlink_posix.h"

#define WAIT_MS 10 /* longest time without wxlink_poll */
#define READ_SIZE 256
#define WRONG_USAGE 2

typedef struct {
    board_device device;
    board_hardware hardware;
    bench_options options;
    wxlink_identity identity;
    char secret[SECRET_SIZE + 1];
    int line;
    bool stuck;   /* the line took no bytes: its other end does not read */
    bool restart; /* asked for; a real board would reset itself in the callback */
    const char *failed; /* what `work` could not use */
} board_program;

static board_program board;
static volatile sig_atomic_t stopped;

static void write_line(void *user, const uint8_t *bytes, uint16_t size)
{
    board_program *self = user;
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
    board_program *self = user;
    hardware_control(&self->hardware, point);
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
    board_program *self = user;
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
static bool boot(board_program *self)
{
    self->restart = false;
    hardware_start(&self->hardware, &self->device.values, self->options.seed, self->options.drift_ms,
                   wxlink_posix_milliseconds());
    return board_start(&self->device, &port, &self->identity, self);
}

/* The main loop's body: bytes in, frames handled, hardware moved, changes reported. False, with errno set, when the line
 * is gone or the memory cannot be written: a payment that could be lost is never reported. */
static bool work(board_program *self)
{
    uint8_t bytes[READ_SIZE];
    const int count = wxlink_posix_read(self->line, bytes, sizeof bytes, WAIT_MS);
    self->failed = count < 0 ? self->options.port : self->options.memory;
    if (count < 0) {
        return false;
    }
    for (int i = 0; i < count; i++) { /* so that the log shows each answer behind its question */
        log_bytes(false, &bytes[i], 1);
        wxlink_receive(&self->device.link, &bytes[i], 1);
        wxlink_poll(&self->device.link); /* handles one command at most */
        if (!hardware_obey(&self->hardware)) {
            return false;
        }
    }
    wxlink_poll(&self->device.link);
    if (!hardware_measure(&self->hardware, wxlink_posix_milliseconds())) {
        return false;
    }
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
    fprintf(stderr, "%s: %s: %s\n", board.options.program, what, strerror(errno));
    return EXIT_FAILURE;
}

int main(int count, char **words)
{
    if (!options_read(&board.options, true, count, words)) {
        return WRONG_USAGE;
    }
    if (board.options.help) {
        options_help(&board.options, true);
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
    board.hardware.memory = board.options.memory;
    catch_signals();
    if (!boot(&board)) {
        fprintf(stderr, "%s: the SDK refuses this product's identity\n", board.options.program);
        return EXIT_FAILURE;
    }
    log_line("ready %s", board.options.port);
    while (!stopped) {
        if (!work(&board)) {
            return fail(board.failed);
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
