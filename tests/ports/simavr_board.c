/* An AVR board in simavr: its UART on a tty, its pins and analogue inputs on standard input and output.
 *
 *     simavr_board --mcu atmega328p --hz 16000000 --baud 9600 --tty /dev/pts/7 --watch B5 program.elf
 *
 * The board runs in real time, no faster; a host too slow for that makes its clock late. Bytes reach the UART no
 * faster than the wire carries them. Orders, one a line on standard input:
 *
 *     pin D2 1     drive an input pin
 *     adc 0 750    millivolts at an analogue input
 *
 * On standard output: `ready`, then `pin B5 1` whenever a watched pin changes. Exit codes: 0 ended by SIGTERM or
 * SIGINT; 1 the tty or the program cannot be used, or the line is gone; 2 wrong command line; 3 the program crashed.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#define SLICES_PER_S 1000u   /* the board's clock is compared with the host's this often */
#define MAX_LATE_NS 50000000 /* a board that is later than this is not driven to catch up */
#define BITS_PER_BYTE 10u    /* start, eight, stop */
#define MAX_ORDER 80
#define MAX_WATCHED 8

enum { ENDED = 0, UNUSABLE = 1, WRONG_USAGE = 2, CRASHED = 3 };

typedef struct {
    const char *mcu;
    uint32_t hz;
    uint32_t baud;
    const char *tty;
    const char *watched[MAX_WATCHED];
    int watched_count;
    const char *program;
} options;

typedef struct {
    avr_t *avr;
    int line;
    avr_cycle_count_t byte_cycles;
    uint8_t arrived[256]; /* from the tty, on their way to the UART */
    size_t arrived_from;
    size_t arrived_to;
    char order[MAX_ORDER];
    size_t order_size;
    bool orders_over;
} board;

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* Only simavr's own words of trouble, on standard error. */
static void on_log(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr;
    if (level <= LOG_ERROR) {
        vfprintf(stderr, format, arguments);
    }
}

static bool number_of(const char *text, uint32_t *number)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    *number = (uint32_t)value;
    return *text != '\0' && *end == '\0' && value > 0 && value <= UINT32_MAX;
}

static bool is_pin(const char *text)
{
    return text[0] >= 'A' && text[0] <= 'L' && text[1] >= '0' && text[1] <= '7' && text[2] == '\0';
}

static bool options_read(options *given, int count, char **words)
{
    *given = (options){.mcu = "atmega328p", .hz = 16000000u, .baud = 9600u};
    int i = 1;
    for (; i + 1 < count && strncmp(words[i], "--", 2) == 0; i += 2) {
        const char *name = words[i] + 2;
        const char *value = words[i + 1];
        bool good = true;
        if (strcmp(name, "mcu") == 0) {
            given->mcu = value;
        } else if (strcmp(name, "hz") == 0) {
            good = number_of(value, &given->hz);
        } else if (strcmp(name, "baud") == 0) {
            good = number_of(value, &given->baud);
        } else if (strcmp(name, "tty") == 0) {
            given->tty = value;
        } else if (strcmp(name, "watch") == 0 && given->watched_count < MAX_WATCHED && is_pin(value)) {
            given->watched[given->watched_count++] = value;
        } else {
            good = false;
        }
        if (!good) {
            fprintf(stderr, "simavr_board: %s %s is not understood\n", words[i], value);
            return false;
        }
    }
    given->program = i + 1 == count ? words[i] : NULL;
    if (given->program == NULL || given->tty == NULL) {
        fputs("usage: simavr_board [--mcu NAME] [--hz N] [--baud N] [--watch PIN]... --tty PATH PROGRAM.elf\n", stderr);
        return false;
    }
    return true;
}

static int line_open(const char *tty)
{
    const int fd = open(tty, O_RDWR | O_NOCTTY | O_NONBLOCK);
    struct termios raw;
    if (fd >= 0 && tcgetattr(fd, &raw) == 0) {
        raw.c_iflag = 0;
        raw.c_oflag = 0;
        raw.c_lflag = 0;
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        if (tcsetattr(fd, TCSANOW, &raw) == 0) {
            return fd;
        }
    }
    return -1;
}

/* A sleeping program costs its time as any other; run() does the waiting. */
static void on_sleep(avr_t *avr, avr_cycle_count_t cycles)
{
    (void)avr;
    (void)cycles;
}

static avr_t *mcu_make(const options *given)
{
    elf_firmware_t firmware = {0};
    if (elf_read_firmware(given->program, &firmware) != 0) {
        fprintf(stderr, "simavr_board: %s is no AVR program\n", given->program);
        return NULL;
    }
    avr_t *avr = avr_make_mcu_by_name(given->mcu);
    if (avr == NULL) {
        fprintf(stderr, "simavr_board: simavr knows no %s\n", given->mcu);
        return NULL;
    }
    avr_init(avr);
    firmware.frequency = given->hz;
    firmware.vcc = firmware.avcc = firmware.aref = 5000;
    avr_load_firmware(avr, &firmware);
    avr->sleep = on_sleep;
    return avr;
}

/* The UART sent a byte. A line that takes none loses it, as a wire without a listener does. */
static void on_sent(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    const board *self = param;
    const uint8_t byte = (uint8_t)value;
    (void)!write(self->line, &byte, 1);
}

/* Once a byte's time: the next byte of the wire reaches the UART. */
static avr_cycle_count_t on_byte_time(avr_t *avr, avr_cycle_count_t when, void *param)
{
    board *self = param;
    if (self->arrived_from < self->arrived_to) {
        avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT),
                      self->arrived[self->arrived_from++]);
    }
    return when + self->byte_cycles;
}

static void on_pin(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    printf("pin %s %u\n", (const char *)param, value & 1u);
    fflush(stdout);
}

static avr_irq_t *pin_irq(avr_t *avr, const char *pin)
{
    return avr_io_getirq(avr, (uint32_t)AVR_IOCTL_IOPORT_GETIRQ(pin[0]), pin[1] - '0');
}

static void connect_pins(board *self, const options *given)
{
    uint32_t flags = 0; /* without it simavr naps while the program polls, and prints what it sends */
    avr_ioctl(self->avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(self->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_sent, self);
    for (int i = 0; i < given->watched_count; i++) {
        avr_irq_t *irq = pin_irq(self->avr, given->watched[i]);
        if (irq != NULL) {
            avr_irq_register_notify(irq, on_pin, (void *)given->watched[i]);
        }
    }
}

static void obey(board *self)
{
    char pin[3];
    unsigned channel;
    unsigned value;
    if (sscanf(self->order, "pin %2s %u", pin, &value) == 2 && is_pin(pin)) {
        avr_raise_irq(pin_irq(self->avr, pin), value != 0);
    } else if (sscanf(self->order, "adc %u %u", &channel, &value) == 2 && channel < 8) {
        avr_raise_irq(avr_io_getirq(self->avr, AVR_IOCTL_ADC_GETIRQ, (int)(ADC_IRQ_ADC0 + channel)), value);
    } else {
        fprintf(stderr, "simavr_board: order not understood: %s\n", self->order);
    }
}

static void read_orders(board *self)
{
    char bytes[MAX_ORDER];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    self->orders_over = count == 0;
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] != '\n') {
            self->order[self->order_size] = bytes[i];
            self->order_size += self->order_size < MAX_ORDER - 1;
            continue;
        }
        self->order[self->order_size] = '\0';
        self->order_size = 0;
        obey(self);
    }
}

/* Takes what the tty and standard input have, waiting up to `wait_ns` for it. False when the line is gone. */
static bool listen(board *self, long wait_ns)
{
    const bool room = self->arrived_from == self->arrived_to;
    struct pollfd sources[] = {
        {.fd = self->line, .events = room ? POLLIN : 0},
        {.fd = self->orders_over ? -1 : STDIN_FILENO, .events = POLLIN},
    };
    const struct timespec nap = {.tv_nsec = wait_ns};
    if (wait_ns > 0) {
        nanosleep(&nap, NULL);
    }
    if (poll(sources, 2, 0) <= 0) {
        return true;
    }
    if (sources[0].revents & (POLLHUP | POLLERR)) {
        return false;
    }
    if (sources[0].revents & POLLIN) {
        const ssize_t count = read(self->line, self->arrived, sizeof self->arrived);
        self->arrived_from = 0;
        self->arrived_to = count > 0 ? (size_t)count : 0;
    }
    if (sources[1].revents) {
        read_orders(self);
    }
    return true;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Runs the program, slice by slice, each no sooner than its time has come. */
static int run(board *self, uint32_t hz)
{
    const avr_cycle_count_t slice = hz / SLICES_PER_S;
    const int64_t slice_ns = 1000000000 / SLICES_PER_S;
    avr_cycle_count_t next = self->avr->cycle + slice;
    int64_t due = now_ns() + slice_ns;
    while (!stopped) {
        if (avr_cycle_timer_status(self->avr, on_byte_time, self) == 0) { /* at the start, and after every reset */
            avr_cycle_timer_register(self->avr, self->byte_cycles, on_byte_time, self);
        }
        while (self->avr->cycle < next) {
            const int state = avr_run(self->avr);
            if (state == cpu_Done || state == cpu_Crashed) {
                fputs("simavr_board: the program crashed\n", stderr);
                return CRASHED;
            }
        }
        next += slice;
        const int64_t early = due - now_ns();
        if (!listen(self, early > 0 ? (long)early : 0)) {
            fputs("simavr_board: the line is gone\n", stderr);
            return UNUSABLE;
        }
        due = early < -MAX_LATE_NS ? now_ns() : due + slice_ns;
    }
    return ENDED;
}

int main(int count, char **words)
{
    options given;
    board self = {0};
    struct sigaction action = {.sa_handler = on_signal};
    if (!options_read(&given, count, words)) {
        return WRONG_USAGE;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    avr_global_logger_set(on_log);
    self.line = line_open(given.tty);
    if (self.line < 0) {
        fprintf(stderr, "simavr_board: %s: %s\n", given.tty, strerror(errno));
        return UNUSABLE;
    }
    self.avr = mcu_make(&given);
    if (self.avr == NULL) {
        return UNUSABLE;
    }
    self.byte_cycles = (avr_cycle_count_t)given.hz * BITS_PER_BYTE / given.baud;
    connect_pins(&self, &given);
    puts("ready");
    fflush(stdout);
    return run(&self, given.hz);
}
