/* libFuzzer on the whole SDK with every feature and one product: -DPREFIX=gokit or meter, -DPRODUCT_HEADER. The input is a
 * life: steps of (what, size, bytes). What the SDK sends must be good frames; what it calls back must fit the product. */
#include <assert.h>
#include <string.h>

#include PRODUCT_HEADER
#include "wxlink_update.h"

#define PASTE(a, b) a##b
#define JOIN(a, b) PASTE(a, b)
#define NAME(word) JOIN(PREFIX, word)

#define PAGE 64u
#define PAGES 4u
#define UNIT 4u
#define DOWNLOAD (PAGE * (PAGES + 1u))
#define JOURNAL (DOWNLOAD + PAGE * PAGES)
#define FLASH_SIZE (JOURNAL + PAGE * WXLINK_JOURNAL_PAGES(PAGE, UNIT, PAGES))

static NAME(_device) device;
static uint32_t clock_ms;
static wxlink_parser sent;
static uint8_t sent_frame[WXLINK_FRAME_SIZE(512)];
static uint8_t buffer[64];
static wxlink_sub_list list;
static wxlink_update update;
static uint8_t flash_bytes[FLASH_SIZE];

static void on_write(void *user, const uint8_t *bytes, uint16_t size)
{
    assert(user == &device);
    assert(size > 0 && size <= WXLINK_CHUNK);
    for (uint16_t i = 0; i < size; i++) {
        const wxlink_parsed parsed = wxlink_parse(&sent, bytes[i]);
        assert(parsed == WXLINK_MORE || parsed == WXLINK_FRAME);
    }
}

static uint32_t on_milliseconds(void *user)
{
    assert(user == &device);
    return clock_ms;
}

static void on_control(void *user, uint16_t point)
{
    assert(user == &device);
    assert(point < WXLINK_PRODUCT_POINTS);
#ifdef GOKIT_PRODUCT_KEY
    assert(device.values.LED_R <= GOKIT_LED_R_RAW_MAX);
    assert(device.values.Motor_Speed <= GOKIT_MOTOR_SPEED_RAW_MAX);
#else
    assert(point != METER_POINT_INTERVAL || device.values.Interval >= METER_INTERVAL_RAW_MIN);
#endif
}

/* What the product measures: a bit and a number. */
static void measure(uint8_t value)
{
#ifdef GOKIT_PRODUCT_KEY
    device.values.Fault_IR = !device.values.Fault_IR;
    device.values.Temperature = value;
#else
    device.values.Iock = !device.values.Iock;
    device.values.numSv = value;
    device.values.latitude += value;
#endif
}

static void on_status(void *user, uint16_t status, uint16_t changed)
{
    (void)status;
    assert(user == &device);
    assert(changed != 0);
}

static void on_restart(void *user)
{
    assert(user == &device);
}

/* Reads what it is given, so that the sanitizer sees it. */
static void touch(const void *data, size_t size)
{
    volatile uint8_t sink = 0;
    for (size_t i = 0; i < size; i++) {
        sink = (uint8_t)(sink + ((const uint8_t *)data)[i]);
    }
}

static void on_data(void *user, const uint8_t *data, uint16_t size)
{
    assert(user == &device);
    touch(data, size);
}

static void on_sub_device(void *user, const uint8_t *id, uint8_t id_size, const uint8_t *p0, uint16_t size)
{
    touch(id, id_size);
    on_data(user, p0, size);
}

static void on_asked(void *user, wxlink_question question, bool acknowledged)
{
    (void)acknowledged;
    assert(user == &device);
    assert(question != 0);
}

static void on_time(void *user, const wxlink_time *time)
{
    assert(user == &device);
    touch(time, sizeof *time);
}

static void on_module(void *user, const wxlink_module *module)
{
    assert(user == &device);
    touch(module->software_version, 8);
    touch(module->cells, (size_t)module->cell_count * module->cell_size);
}

static bool on_erase(void *user, uint32_t page)
{
    (void)user;
    assert(page % PAGE == 0 && page >= DOWNLOAD && page < FLASH_SIZE); /* never the program */
    memset(flash_bytes + page, 0xFF, PAGE);
    return true;
}

static bool on_flash(void *user, uint32_t address, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    assert(address % UNIT == 0 && size % UNIT == 0);
    assert(address >= DOWNLOAD && size <= FLASH_SIZE && address <= FLASH_SIZE - size);
    for (uint16_t i = 0; i < size; i++) {
        assert(bytes[i] == 0 || flash_bytes[address + i] == 0xFF);
        flash_bytes[address + i] = bytes[i];
    }
    return true;
}

static void on_read(void *user, uint32_t address, uint8_t *bytes, uint16_t size)
{
    (void)user;
    assert(size <= FLASH_SIZE && address <= FLASH_SIZE - size);
    memcpy(bytes, flash_bytes + address, size);
}

static void on_ended(void *user, wxlink_update_end end)
{
    assert(user == &device);
    assert(end >= WXLINK_UPDATE_COMPLETE && end <= WXLINK_UPDATE_WRONG_CONTENT);
}

/* Bytes from the module, in an object of their own. */
static void receive(const uint8_t *bytes, uint8_t size)
{
    for (uint8_t i = 0; i < size; i++) {
        wxlink_receive(&device.link, &bytes[i], 1);
        if (i % 60u == 59u) {
            wxlink_poll(&device.link);
        }
    }
}

/* A frame that is good, so that mutations get past the checksum. */
static void receive_frame(const uint8_t *bytes, uint8_t size)
{
    uint8_t wire[2 * 300];
    uint8_t body[300];
    size_t used = 2;
    size_t length = 0;
    uint8_t sum = 0;
    body[length++] = 0;
    body[length++] = (uint8_t)(5u + (size > 3 ? size - 3u : 0u));
    for (uint8_t i = 0; i < 3; i++) {
        body[length++] = i < size ? bytes[i] : 0;
        if (i == 1) {
            body[length++] = 0; /* high byte of the flags */
        }
    }
    for (uint8_t i = 3; i < size && i < 250; i++) {
        body[length++] = bytes[i];
    }
    body[1] = (uint8_t)(length - 1);
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + body[i]);
    }
    body[length++] = sum;
    memset(wire, 0xFF, 2);
    for (size_t i = 0; i < length; i++) {
        wire[used++] = body[i];
        if (body[i] == 0xFF) {
            wire[used++] = 0x55;
        }
    }
    for (size_t i = 0; i < used; i++) {
        wxlink_receive(&device.link, &wire[i], 1);
        if (i % 60u == 59u) {
            wxlink_poll(&device.link);
        }
    }
}

static void ask(const uint8_t *bytes, uint8_t size)
{
    static const uint16_t questions[] = {WXLINK_SETUP_SOFTAP,   WXLINK_SETUP_AIRLINK,  WXLINK_RESET_MODULE,
                                         WXLINK_PRODUCTION_TEST, WXLINK_ALLOW_BINDING, WXLINK_RESTART_MODULE,
                                         WXLINK_NETWORK_TIME,   WXLINK_MODULE_INFO};
    static char text[8];
    const uint8_t which = size > 0 ? bytes[0] : 0;
    if (which < 0x80) {
        wxlink_ask(&device.link, (wxlink_question)questions[which % 8u]);
    } else if (which < 0xA0) {
        const wxlink_network network = {.ssid = text, .password = text};
        wxlink_setup_network(&device.link, &network, buffer, sizeof buffer);
    } else if (which < 0xC0) {
        wxlink_transparent(&device.link, buffer, which % sizeof buffer);
    } else {
        wxlink_sub_list_start(&list, buffer, sizeof buffer);
        for (uint8_t i = 1; i < size; i++) {
            if ((which & 1u) != 0) {
                wxlink_sub_list_presence(&list, bytes, i, true);
            } else {
                wxlink_sub_list_p0(&list, bytes, i, bytes, size);
            }
        }
        if (list.size > 0) {
            wxlink_sub_devices(&device.link, &list);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t steps[] = {0, 1, 20, 199, 230, 700, 6000, 60000};
    static const wxlink_port port = {.write = on_write,
                                     .milliseconds = on_milliseconds,
                                     .control = on_control,
                                     .status = on_status,
                                     .restart = on_restart,
                                     .asked = on_asked,
                                     .time = on_time,
                                     .module = on_module,
                                     .transparent = on_data,
                                     .sub_device = on_sub_device};
    static const wxlink_identity identity = {.hardware_version = "00000001",
                                             .software_version = "00000001",
                                             .product_secret = "0123456789abcdef0123456789abcdef",
                                             .extra = "tz=28800"};
    static const wxlink_flash flash = {.erase = on_erase,
                                       .write = on_flash,
                                       .read = on_read,
                                       .program = 0,
                                       .download = DOWNLOAD,
                                       .journal = JOURNAL,
                                       .page_size = PAGE,
                                       .pages = PAGES,
                                       .unit = UNIT};
    memset(&device, 0, sizeof device);
    memset(flash_bytes, 0xFF, sizeof flash_bytes);
    clock_ms = 0xFFFFF000u; /* it wraps soon */
    wxlink_parser_start(&sent, sent_frame, sizeof sent_frame);
    assert(NAME(_start)(&device, &port, &identity, &device));
    assert(wxlink_update_start(&update, &device.link, &flash, on_ended));
    for (size_t at = 0; at + 2 <= size;) {
        const uint8_t what = data[at];
        const uint8_t most = data[at + 1];
        const uint8_t *bytes = data + at + 2;
        const uint8_t count = size - at - 2 < most ? (uint8_t)(size - at - 2) : most;
        at += 2u + count;
        clock_ms += steps[what >> 3 & 7u];
        switch (what & 7u) {
        case 0:
            receive(bytes, count);
            break;
        case 1:
        case 2:
            receive_frame(bytes, count);
            break;
        case 3:
            ask(bytes, count);
            break;
        case 4:
            measure(most);
            break;
        default:
            break;
        }
        wxlink_poll(&device.link);
        wxlink_report(&device.link);
        assert(sent.needed == 0); /* no frame is left half sent */
    }
    return 0;
}
