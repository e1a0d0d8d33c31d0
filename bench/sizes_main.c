/* The smallest firmware around the MCU SDK. Built a second time with WITHOUT, in which nothing of the SDK is called: the
 * difference of both is what the SDK and a product's tables take. */
#include "gokit_product.h"
#if WXLINK_WITH_UPDATE
#include "wxlink_update.h"
#endif

volatile uint8_t uart, lamp, sensor, key;
volatile uint32_t clock_ms;

static void write_uart(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    while (size-- > 0) {
        uart = *bytes++;
    }
}

static uint32_t milliseconds(void *user)
{
    (void)user;
    return clock_ms;
}

static void control(void *user, uint16_t point)
{
    (void)user;
    lamp = (uint8_t)point;
}

static const wxlink_port port = {.write = write_uart, .milliseconds = milliseconds, .control = control};
static const wxlink_identity identity = {.hardware_version = "03010100", .software_version = "00000001"};

#if WXLINK_WITH_UPDATE
static bool flash_erase(void *user, uint32_t page)
{
    (void)user;
    clock_ms = page;
    return key != 0;
}

static bool flash_write(void *user, uint32_t address, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    clock_ms = address + size;
    lamp = *bytes;
    return key != 0;
}

static void flash_read(void *user, uint32_t address, uint8_t *bytes, uint16_t size)
{
    (void)user;
    clock_ms = address + size;
    *bytes = lamp;
}

static const wxlink_flash flash = {
    .erase = flash_erase,
    .write = flash_write,
    .read = flash_read,
    .download = 0x4000,
    .journal = 0x7000,
    .page_size = 128,
    .pages = 64,
    .unit = 2,
};
#endif

#ifdef WITHOUT

const void *volatile kept;
#define gokit_start(device, port, identity, user) (kept = (port), kept = (identity), true)
#define wxlink_receive(link, bytes, size) ((void)(bytes))
#define wxlink_poll(link)
#define wxlink_report(link)
#define wxlink_ask(link, question) ((void)0)
#define wxlink_setup_network(link, network, buffer, size) (kept = (network), kept = (buffer))
#define wxlink_transparent(link, data, size) (kept = (data))
#define wxlink_sub_list_start(list, buffer, size) (kept = (buffer))
#define wxlink_sub_list_p0(list, id, id_size, p0, size) (kept = (id))
#define wxlink_sub_list_presence(list, id, id_size, online) (kept = (id))
#define wxlink_sub_devices(link, list) ((void)0)
#define wxlink_update_start(update, link, flash, ended) (kept = (flash))
#define wxlink_update_confirm(flash) (kept = (flash))
#define measured sensor

#else

static gokit_device device;
#define measured device.values.Temperature
#if WXLINK_WITH_SUB_DEVICES
static wxlink_sub_list list;
#endif
#if WXLINK_WITH_UPDATE
static wxlink_update update;
#endif

#endif

static void on_uart(uint8_t byte)
{
    wxlink_receive(&device.link, &byte, 1);
}

/* What a maker's keys do. */
static void on_key(void)
{
#if WXLINK_WITH_SETUP || WXLINK_WITH_TIME || WXLINK_WITH_MODULE_INFO
    wxlink_ask(&device.link, (wxlink_question)key);
#endif
#if WXLINK_WITH_SETUP
    static const wxlink_network network = {.ssid = "home", .password = "secret"};
    static uint8_t buffer[32];
    wxlink_setup_network(&device.link, &network, buffer, sizeof buffer);
#endif
#if WXLINK_WITH_TRANSPARENT
    static uint8_t data[8];
    wxlink_transparent(&device.link, data, sizeof data);
#endif
#if WXLINK_WITH_SUB_DEVICES
    static uint8_t entries[32];
    static const uint8_t id[4] = {1};
    wxlink_sub_list_start(&list, entries, sizeof entries);
    wxlink_sub_list_presence(&list, id, sizeof id, true);
    wxlink_sub_list_p0(&list, id, sizeof id, id, sizeof id);
    wxlink_sub_devices(&device.link, &list);
#endif
}

int main(void)
{
    if (!gokit_start(&device, &port, &identity, NULL)) {
        return 1;
    }
#if WXLINK_WITH_UPDATE
    wxlink_update_start(&update, &device.link, &flash, NULL);
    wxlink_update_confirm(&flash);
#endif
    for (;;) {
        on_uart(uart);
        on_key();
        wxlink_poll(&device.link);
        measured = sensor;
        wxlink_report(&device.link);
    }
}
