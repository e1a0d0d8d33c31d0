/* What the MCU asks on its maker's wish: onboarding, reset, test, binding, restart, time, information, data. */
#include "wxlink_session.h"

#include <string.h>

#if WXLINK_WITH_ASKED

/* First bytes of payloads. */
enum { MODE_SOFTAP = 1, MODE_AIRLINK = 2, MODE_NETWORK = 4, MODULE_ALL = 0, TRANSPARENT_UP = 6 };

#if WXLINK_WITH_TIME
#define TIME_SIZE 7u       /* from a module that does not send the seconds since 1970 */
#define TIME_UNIX_SIZE 11u

static void hand_time(wxlink *link)
{
    const uint8_t *answer = link->frame.payload;
    const wxlink_size size = wxlink_taken(link);
    if (size < TIME_SIZE || link->port->time == NULL) {
        return;
    }
    wxlink_time time = {wxlink_u16(answer), answer[2], answer[3], answer[4], answer[5], answer[6], 0};
    if (size >= TIME_UNIX_SIZE) {
        time.unix_s = (uint32_t)wxlink_u16(answer + 7) << 16 | wxlink_u16(answer + 9);
    }
    link->port->time(link->user, &time);
}
#endif

#if WXLINK_WITH_MODULE_INFO
#define MODULE_WIFI_SIZE 65u
#define MODULE_CELLULAR_SIZE 83u /* without cells */

static void hand_module(wxlink *link)
{
    const uint8_t *answer = link->frame.payload;
    const wxlink_size size = wxlink_taken(link);
    const char *text = (const char *)answer;
    wxlink_module module = {0};
    if (size < MODULE_WIFI_SIZE || link->port->module == NULL) {
        return;
    }
    module.kind = answer[0];
    module.protocol_version = text + 1;
    module.hardware_version = text + 9;
    module.software_version = text + 17;
    if (module.kind == WXLINK_MODULE_WIFI) {
        module.mac = text + 25;
        module.ip = text + 41;
        module.attributes = answer + 57;
    } else if (size >= MODULE_CELLULAR_SIZE && size >= MODULE_CELLULAR_SIZE + (uint16_t)((uint16_t)answer[81] * answer[82])) {
        module.attributes = answer + 25;
        module.imei = text + 33;
        module.imsi = text + 49;
        module.mcc = text + 65;
        module.mnc = text + 73;
        module.cell_count = answer[81];
        module.cell_size = answer[82];
        module.cells = answer + MODULE_CELLULAR_SIZE;
    } else {
        return;
    }
    link->port->module(link->user, &module);
}
#endif

static void ended(wxlink *link, bool acknowledged)
{
    const wxlink_question question = link->ask.question;
#if WXLINK_WITH_TIME
    if (question == WXLINK_NETWORK_TIME && acknowledged) {
        hand_time(link);
    }
#endif
#if WXLINK_WITH_MODULE_INFO
    if (question == WXLINK_MODULE_INFO && acknowledged) {
        hand_module(link);
    }
#endif
    if (link->port->asked != NULL) {
        link->port->asked(link->user, question, acknowledged);
    }
}

bool wxlink_ask_with(wxlink *link, wxlink_question question, uint8_t cmd, uint8_t lead, const uint8_t *payload,
                     wxlink_size size)
{
    if (!wxlink_ask_free(link) || size > WXLINK_SEND_MAX) {
        return false;
    }
    link->ask.question = question;
    link->ask.head.cmd = cmd;
    link->ask.lead = lead;
    link->ask.payload = payload;
    link->ask.size = size;
    link->ask.ended = ended;
    wxlink_ask_start(link);
    return true;
}

#if WXLINK_WITH_ASK

static const struct {
    uint8_t cmd;
    uint8_t lead; /* the only byte of the payload, or WXLINK_NO_LEAD */
} questions[] WXLINK_ROM = {
    {WXLINK_CMD_ENTER_CONFIGURATION, MODE_SOFTAP},
    {WXLINK_CMD_ENTER_CONFIGURATION, MODE_AIRLINK},
    {WXLINK_CMD_RESET_MODULE, WXLINK_NO_LEAD},
    {WXLINK_CMD_ENTER_TEST, WXLINK_NO_LEAD},
    {WXLINK_CMD_ALLOW_BINDING, WXLINK_NO_LEAD},
    {WXLINK_CMD_RESTART_MODULE, WXLINK_NO_LEAD},
    {WXLINK_CMD_GET_NETWORK_TIME, WXLINK_NO_LEAD},
    {WXLINK_CMD_GET_MODULE_INFO, MODULE_ALL},
};

bool wxlink_ask(wxlink *link, wxlink_question question)
{
    if (!link->up || question > WXLINK_MODULE_INFO) { /* the later ones come with data, by functions of their own */
        return false;
    }
    link->wanted = (uint8_t)(link->wanted | question);
    return true;
}

void wxlink_questions_poll(wxlink *link)
{
    uint8_t row[2];
    uint8_t i = 0;
    if (link->wanted == 0 || !wxlink_ask_free(link)) {
        return;
    }
    while (!(link->wanted & 1u << i)) {
        i++;
    }
    link->wanted = (uint8_t)(link->wanted & ~(1u << i));
    wxlink_rom_copy(row, &questions[i], sizeof row);
    (void)wxlink_ask_with(link, (wxlink_question)(1u << i), row[0], row[1], NULL, 0);
}
#endif

#if WXLINK_WITH_SETUP
/* Appends a text behind its length. False when there is no room. */
static bool put_text(uint8_t *buffer, uint16_t buffer_size, uint16_t *used, const char *text)
{
    const size_t length = text != NULL ? strlen(text) : 0;
    if (length > UINT8_MAX || *used + 1u + length > buffer_size) {
        return false;
    }
    buffer[(*used)++] = (uint8_t)length;
    for (size_t i = 0; i < length; i++) {
        buffer[(*used)++] = (uint8_t)text[i];
    }
    return true;
}

bool wxlink_setup_network(wxlink *link, const wxlink_network *network, uint8_t *buffer, uint16_t buffer_size)
{
    uint16_t used = 0;
    return wxlink_ask_free(link) && put_text(buffer, buffer_size, &used, network->ssid) &&
           put_text(buffer, buffer_size, &used, network->password) &&
           put_text(buffer, buffer_size, &used, network->bssid) &&
           put_text(buffer, buffer_size, &used, network->timezone) &&
           put_text(buffer, buffer_size, &used, network->server) &&
           wxlink_ask_with(link, WXLINK_SETUP_NETWORK, WXLINK_CMD_ENTER_CONFIGURATION, MODE_NETWORK, buffer, used);
}
#endif

#if WXLINK_WITH_TRANSPARENT
bool wxlink_transparent(wxlink *link, const uint8_t *data, uint16_t size)
{
    return wxlink_ask_with(link, WXLINK_TRANSPARENT_UP, WXLINK_CMD_P0_UP, TRANSPARENT_UP, data, size);
}
#endif

#endif
