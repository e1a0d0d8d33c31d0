/* A GoKit board on a tty: the MCU SDK with simulated hardware. Also the example to start a product from: what stands
 * between `boot` and `work` is what firmware does, the rest is POSIX. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gokit_hardware.h"
#include "gokit_log.h"
#include "gokit_product.h"
#include "wxlink_posix.h"

#define SECRET_SIZE 32u
#define WAIT_MS 10 /* longest time without wxlink_poll */
#define DRIFT_MS 5000u

#define WRONG_USAGE 2

typedef struct {
    const char *port;
    const char *log;
    const char *secret;
    uint32_t seed;
    uint32_t drift_ms;
} options;

typedef struct {
    gokit_device device;
    gokit_hardware hardware;
    options options;
    wxlink_identity identity;
    int line;
    bool broken; /* the line took no bytes, or is gone */
} board;

static volatile sig_atomic_t stopped;

static void boot(board *board);

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void write_line(void *user, const uint8_t *bytes, uint16_t size)
{
    board *self = user;
    self->broken = !wxlink_posix_write(self->line, bytes, size);
}

static uint32_t milliseconds(void *user)
{
    (void)user;
    return wxlink_posix_milliseconds();
}

static void on_control(void *user, uint16_t point)
{
    const board *self = user;
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
    log_line("hw restart");
    boot(user);
}

static void on_trace(void *user, bool sent, wxlink_parsed what, const uint8_t *frame, uint16_t size)
{
    (void)user;
    log_frame(sent, what, frame, size);
}

static const wxlink_port port = {
    .write = write_line,
    .milliseconds = milliseconds,
    .control = on_control,
    .status = on_status,
    .restart = on_restart,
    .trace = on_trace,
};

/* What a board does at power-on. */
static void boot(board *board)
{
    hardware_start(&board->hardware, &board->device.values, board->options.seed, board->options.drift_ms,
                   wxlink_posix_milliseconds());
    (void)gokit_start(&board->device, &port, &board->identity, board);
}

/* The main loop's body: take bytes, let the SDK work, measure, report. False when the line is gone. */
static bool work(board *board)
{
    uint8_t bytes[GOKIT_RING_SIZE - 1];
    const int count = wxlink_posix_read(board->line, bytes, sizeof bytes, WAIT_MS);
    if (count < 0) {
        return false;
    }
    wxlink_receive(&board->device.link, bytes, (uint16_t)count);
    wxlink_poll(&board->device.link);
    hardware_measure(&board->hardware, &board->device.values, wxlink_posix_milliseconds());
    wxlink_report(&board->device.link);
    if (board->broken) {
        board->broken = false;
        log_line("line takes no bytes");
    }
    return true;
}

static void help(FILE *to)
{
    fputs("usage: gokit --port TTY [--log FILE] [--product-secret HEX] [--seed N] [--drift-ms N]\n"
          "\n"
          "A GoKit board on a serial line: answers the Wi-Fi module, logs every frame and what its hardware does.\n"
          "\n"
          "  --port TTY            serial line to the module\n"
          "  --log FILE            append the log here instead of standard output\n"
          "  --product-secret HEX  32 hex digits; without them the module gets the shorter form with no secret\n"
          "  --seed N              where the room's temperature and humidity begin, and how they drift (1)\n"
          "  --drift-ms N          milliseconds between two steps of the drift (5000)\n"
          "\n"
          "example: gokit --port /dev/ttyUSB0 --log gokit.log\n",
          to);
}

static bool read_number(const char *text, uint32_t *number)
{
    char *end;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > UINT32_MAX) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* Takes one option and its value. False when either is wrong. */
static bool take_option(options *options, const char *name, const char *value)
{
    if (strcmp(name, "--port") == 0) {
        options->port = value;
    } else if (strcmp(name, "--log") == 0) {
        options->log = value;
    } else if (strcmp(name, "--product-secret") == 0) {
        options->secret = value;
        return strlen(value) == SECRET_SIZE && strspn(value, "0123456789abcdef") == SECRET_SIZE;
    } else if (strcmp(name, "--seed") == 0) {
        return read_number(value, &options->seed);
    } else if (strcmp(name, "--drift-ms") == 0) {
        return read_number(value, &options->drift_ms) && options->drift_ms > 0;
    } else {
        return false;
    }
    return true;
}

static bool read_options(options *options, int count, char **words)
{
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count || !take_option(options, words[i], words[i + 1])) {
            fprintf(stderr, "gokit: %s needs another value, or is no option; see gokit --help\n", words[i]);
            return false;
        }
    }
    if (options->port == NULL) {
        fputs("gokit: --port is missing; see gokit --help\n", stderr);
        return false;
    }
    return true;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int main(int count, char **words)
{
    static board board = {.options = {.seed = 1, .drift_ms = DRIFT_MS}};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--help") == 0) {
            help(stdout);
            return EXIT_SUCCESS;
        }
    }
    if (!read_options(&board.options, count, words)) {
        return WRONG_USAGE;
    }
    if (!log_open(board.options.log)) {
        fprintf(stderr, "gokit: %s: %s\n", board.options.log, strerror(errno));
        return EXIT_FAILURE;
    }
    board.line = wxlink_posix_open(board.options.port);
    if (board.line < 0) {
        fprintf(stderr, "gokit: %s: %s\n", board.options.port, strerror(errno));
        return EXIT_FAILURE;
    }
    board.identity = (wxlink_identity){
        .hardware_version = "GoKit 1",
        .software_version = "03030000",
        .product_secret = board.options.secret,
    };
    catch_signals();
    boot(&board);
    log_line("ready %s", board.options.port);
    while (!stopped) {
        if (!work(&board)) {
            fprintf(stderr, "gokit: %s: %s\n", board.options.port, strerror(errno));
            return EXIT_FAILURE;
        }
    }
    log_line("stopped");
    return EXIT_SUCCESS;
}
