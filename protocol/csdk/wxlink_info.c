/* What this MCU is: the answer to command 01 (README 3.1). It may be longer than the receive buffer, so it leaves as it is
 * made. */
#include "wxlink_p0.h"
#include "wxlink_session.h"

#include <string.h>

#define VERSION_SIZE 8u
#define KEY_SIZE 32u
#define ATTRIBUTES_SIZE 8u
#define INFO_SIZE (4u * VERSION_SIZE + KEY_SIZE + 2u + ATTRIBUTES_SIZE) /* without its optional texts */

static const char versions[] WXLINK_ROM = "00000004" /* of the serial protocol */
                                          "00000002" /* of P0 */;

/* Texts shorter than their field end in zeros; NULL is an empty one. */
static void send_text(wxlink_sender *sender, const char *text, uint8_t size)
{
    while (size-- > 0) {
        wxlink_send_byte(sender, text != NULL && *text != '\0' ? (uint8_t)*text++ : 0);
    }
}

static void send_u16(wxlink_sender *sender, uint16_t number)
{
    wxlink_send_byte(sender, (uint8_t)(number >> 8));
    wxlink_send_byte(sender, (uint8_t)number);
}

#if WXLINK_WITH_EXTRA
/* The text behind the device information; NULL for none. */
static const char *extra_of(const wxlink *link)
{
    return link->identity->extra;
}
#else
#define extra_of(link) ((void)(link), (const char *)NULL)
#endif

void wxlink_info_take(wxlink *link)
{
    wxlink_sender *sender = &link->sender;
    const wxlink_identity *identity = link->identity;
    const char *extra = extra_of(link);
    wxlink_size size = INFO_SIZE;
    if (identity->product_secret != NULL || extra != NULL) { /* the text needs the secret before it */
        size = (wxlink_size)(size + KEY_SIZE);
    }
    if (extra != NULL) {
        size = (wxlink_size)(size + 2u + strlen(extra));
    }
    wxlink_answer_start(link, 0, size);
    wxlink_send_rom(sender, versions, 2 * VERSION_SIZE);
    send_text(sender, identity->hardware_version, VERSION_SIZE);
    send_text(sender, identity->software_version, VERSION_SIZE);
    wxlink_send_rom(sender, wxlink_product_key, KEY_SIZE);
    send_u16(sender, identity->bindable_s);
    send_text(sender, NULL, ATTRIBUTES_SIZE - 1);
    wxlink_send_byte(sender, WXLINK_ATTRIBUTES);
    if (size > INFO_SIZE) {
        send_text(sender, identity->product_secret, KEY_SIZE);
    }
    if (extra != NULL) {
        send_u16(sender, (uint16_t)strlen(extra));
        wxlink_send_bytes(sender, (const uint8_t *)extra, (wxlink_size)strlen(extra));
    }
    wxlink_send_end(sender);
    if (!link->repeat) {
        wxlink_p0_all_due(link); /* a module that just started knows nothing */
    }
}
