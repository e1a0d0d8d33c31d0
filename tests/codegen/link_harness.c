/* A link with a clock of its own. Lines in: `at MS`, `rx HEX`, `set ID HEX`, `poll`, `report`, `ask QUESTION`,
 * `network SSID PASSWORD`, `up HEX`, `presence HEX ONLINE`, `subp0 HEX HEX`, `subs`, `bulk SIZE` (as much transparent data),
 * `interrupt HEX` (bytes at once, without a poll), `within LINE` (done by the next control, status or asked). Lines out:
 * what the SDK did, then a dot for each line in. Compiled for one product, with everything the SDK can:
 * -DPREFIX=gokit -DPRODUCT_HEADER='"gokit_product.h"'.
 * Arguments: product secret, start of the clock, extra text, milliseconds that `write` takes for a byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include PRODUCT_HEADER

#define PASTE(a, b) a##b
#define JOIN(a, b) PASTE(a, b)
#define NAME(word) JOIN(PREFIX, word)

#define SMALL_BUFFER 300u /* bytes of `outgoing` that a network or a list of sub-devices may take */

static NAME(_device) device;
static uint32_t clock_ms;
static uint32_t ms_a_byte;
static uint8_t outgoing[5000]; /* untouched while a question with data waits for its ack */
static wxlink_sub_list list;
static char within[100]; /* a line that the next callback does */

static void act_within(void);

static void show(const char *what, const uint8_t *bytes, size_t size)
{
    printf("%s", what);
    for (size_t i = 0; i < size; i++) {
        printf("%02X", bytes[i]);
    }
    putchar('\n');
}

/* Puts the pieces that `write` gets back together. */
static uint8_t sent[70000];
static size_t sent_size;

static void flush_sent(void)
{
    if (sent_size > 0) {
        show("tx ", sent, sent_size);
    }
    sent_size = 0;
}

static void on_write(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    if (size >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFF) {
        flush_sent();
    }
    memcpy(sent + sent_size, bytes, size);
    sent_size += size;
    clock_ms += ms_a_byte * size;
}

static uint32_t on_milliseconds(void *user)
{
    (void)user;
    return clock_ms;
}

static void on_control(void *user, uint16_t point)
{
    (void)user;
    flush_sent();
    printf("control %u\n", point);
    act_within();
}

static void on_status(void *user, uint16_t status, uint16_t changed)
{
    (void)user;
    flush_sent();
    printf("status %04X %04X\n", status, changed);
    act_within();
}

static void on_restart(void *user)
{
    (void)user;
    flush_sent();
    puts("restart");
}

static void on_transparent(void *user, const uint8_t *data, uint16_t size)
{
    (void)user;
    flush_sent();
    show("transparent ", data, size);
}

static void on_asked(void *user, wxlink_question question, bool acknowledged)
{
    (void)user;
    flush_sent();
    printf("asked %02X %s\n", (unsigned)question, acknowledged ? "acknowledged" : "given up");
    act_within();
}

static void on_time(void *user, const wxlink_time *time)
{
    (void)user;
    printf("time %u-%u-%u %u:%u:%u %lu\n", time->year, time->month, time->day, time->hour, time->minute, time->second,
           (unsigned long)time->unix_s);
}

static void on_module(void *user, const wxlink_module *module)
{
    (void)user;
    printf("module %u %.8s %.8s %.8s", module->kind, module->protocol_version, module->hardware_version,
           module->software_version);
    if (module->mac != NULL) {
        printf(" %.16s %.16s\n", module->mac, module->ip);
    } else {
        printf(" %.16s %.16s %.8s %.8s ", module->imei, module->imsi, module->mcc, module->mnc);
        show("", module->cells, (size_t)module->cell_count * module->cell_size);
    }
}

static void on_sub_device(void *user, const uint8_t *id, uint8_t id_size, const uint8_t *p0, uint16_t size)
{
    (void)user;
    flush_sent();
    fputs("sub ", stdout);
    for (uint8_t i = 0; i < id_size; i++) {
        printf("%02X", id[i]);
    }
    show(" ", p0, size);
}

static size_t bytes_of(const char *hex, uint8_t *bytes)
{
    size_t size = 0;
    for (; hex[0] != '\0' && hex[1] != '\0' && hex[0] != '\n'; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return size;
}

static void set_value(const char *words)
{
    char *rest;
    const wxlink_point *point = &wxlink_points[strtoul(words, &rest, 10)];
    uint8_t bytes[5000];
    const size_t size = bytes_of(rest + 1, bytes);
    uint8_t *member = (uint8_t *)&device.values + point->member;
    uint32_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    if (point->bits == 0) {
        memcpy(member, bytes, point->max);
    } else if (point->bits <= 8) {
        *member = (uint8_t)number;
    } else if (point->bits == 16) {
        const uint16_t half = (uint16_t)number;
        memcpy(member, &half, sizeof half);
    } else {
        memcpy(member, &number, sizeof number);
    }
}

static void receive(const char *hex)
{
    static uint8_t bytes[70000];
    const size_t size = bytes_of(hex, bytes);
    for (size_t at = 0; at < size; at += 63) {
        wxlink_receive(&device.link, bytes + at, (uint16_t)(size - at < 63 ? size - at : 63));
        wxlink_poll(&device.link);
    }
}

/* What a maker's firmware does with a link; `words` are the line behind its first word. */
static bool act(const char *line, const char *words)
{
    static uint8_t bytes[300];
    wxlink *link = &device.link;
    char first[600] = "";
    char second[600] = "";
    (void)sscanf(words, "%599s %599s", first, second);
    const size_t size = bytes_of(first, bytes);
    if (strncmp(line, "ask ", 4) == 0) {
        return wxlink_ask(link, (wxlink_question)strtoul(words, NULL, 16));
    }
    if (strncmp(line, "network ", 8) == 0) {
        const wxlink_network network = {.ssid = first, .password = second};
        return wxlink_setup_network(link, &network, outgoing, SMALL_BUFFER);
    }
    if (strncmp(line, "up ", 3) == 0) {
        memcpy(outgoing, bytes, size);
        return wxlink_transparent(link, outgoing, (uint16_t)size);
    }
    if (strncmp(line, "presence ", 9) == 0) {
        return wxlink_sub_list_presence(&list, bytes, (uint8_t)size, second[0] == '1');
    }
    if (strncmp(line, "subp0 ", 6) == 0) {
        const size_t p0_size = bytes_of(second, bytes + size);
        return wxlink_sub_list_p0(&list, bytes, (uint8_t)size, bytes + size, (uint16_t)p0_size);
    }
    if (strncmp(line, "bulk ", 5) == 0) {
        return wxlink_transparent(link, outgoing, (uint16_t)strtoul(words, NULL, 10));
    }
    if (strncmp(line, "interrupt ", 10) == 0) {
        wxlink_receive(link, bytes, (uint16_t)size);
        return link->lost_bytes == 0;
    }
    return strncmp(line, "subs", 4) == 0 && wxlink_sub_devices(link, &list);
}

/* A line that is no setting of the harness: gives what the maker's firmware sees, and says so. */
static void obey(const char *line)
{
    if (strncmp(line, "report", 6) == 0) {
        wxlink_report(&device.link);
    } else {
        const bool done = act(line, strchr(line, ' ') != NULL ? strchr(line, ' ') + 1 : "");
        flush_sent();
        puts(done ? "yes" : "no");
    }
    flush_sent();
}

static void act_within(void)
{
    char line[sizeof within];
    memcpy(line, within, sizeof line);
    within[0] = '\0';
    if (line[0] != '\0') {
        obey(line);
    }
}

int main(int count, char **words)
{
    static char line[150000];
    static const wxlink_port port = {.write = on_write, .milliseconds = on_milliseconds, .control = on_control,
                                     .status = on_status, .restart = on_restart, .transparent = on_transparent,
                                     .asked = on_asked, .time = on_time, .module = on_module,
                                     .sub_device = on_sub_device};
    const wxlink_identity identity = {
        .hardware_version = "03010100",
        .software_version = "03030000",
        .product_secret = count > 1 && words[1][0] != '\0' ? words[1] : NULL,
        .extra = count > 3 && words[3][0] != '\0' ? words[3] : NULL,
    };
    clock_ms = count > 2 ? (uint32_t)strtoul(words[2], NULL, 10) : 0;
    ms_a_byte = count > 4 ? (uint32_t)strtoul(words[4], NULL, 10) : 0;
    wxlink_sub_list_start(&list, outgoing, SMALL_BUFFER);
    if (!NAME(_start)(&device, &port, &identity, NULL)) {
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "at ", 3) == 0) {
            clock_ms = (uint32_t)strtoul(line + 3, NULL, 10);
        } else if (strncmp(line, "rx ", 3) == 0) {
            receive(line + 3);
        } else if (strncmp(line, "set ", 4) == 0) {
            set_value(line + 4);
        } else if (strncmp(line, "poll", 4) == 0) {
            wxlink_poll(&device.link);
        } else if (strncmp(line, "within ", 7) == 0) {
            strncpy(within, line + 7, sizeof within - 1);
        } else {
            obey(line);
        }
        flush_sent();
        puts(".");
        fflush(stdout);
    }
    return 0;
}
