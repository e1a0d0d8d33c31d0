#include "wxlink_update.h"

#if WXLINK_WITH_UPDATE

#include <string.h>

#include "wxlink_download.h"
#include "wxlink_session.h"

#define PIECE_HEAD 4u     /* number and count before the content */
#define ANNOUNCE_SIZE 38u /* size, length of the MD5, MD5 */
#define HEX_LINES 0x01u   /* flag of a piece */

enum { ANNOUNCE = 0x19, READY = 0x1B, PIECE = 0x1D, NOTICE = 0x12, CANCEL = 0x27, RESTART_MODULE = 0x29 };

enum { ERROR_OTHER = 3, ERROR_FILE_TYPE = 4 };

enum {
    IDLE,
    ASKING,     /* for the first piece, as soon as a question may begin */
    RECEIVING,
    CHECKING,   /* every piece is there */
    CANCELLING, /* as soon as a question may begin */
    COMPLETE,   /* the restart is coming */
    NEW         /* this program is: the module has to ask for its version */
};

static uint16_t big16(const uint8_t *bytes)
{
    return (uint16_t)((uint16_t)bytes[0] << 8 | bytes[1]);
}

static uint16_t piece_count(const wxlink_update *update)
{
    return (uint16_t)((update->image.size + WXLINK_PIECE_SIZE - 1u) / WXLINK_PIECE_SIZE);
}

static void finish(wxlink *link, wxlink_update_end end)
{
    link->update->state = end == WXLINK_UPDATE_COMPLETE ? COMPLETE : IDLE;
    if (link->update->ended != NULL) {
        link->update->ended(link->user, end);
    }
}

static void cancel(wxlink *link, wxlink_update_end end)
{
    link->update->state = CANCELLING;
    link->update->end = (uint8_t)end;
}

static void ask_for_pieces(wxlink *link)
{
    link->update->state = ASKING;
    link->update->next = 1;
}

bool wxlink_update_confirm(const wxlink_flash *flash)
{
    wxlink_state state;
    wxlink_state_read(flash, &state);
    if (state.phase != WXLINK_TRIAL) {
        return true;
    }
    state.phase = WXLINK_IDLE;
    return wxlink_state_write(flash, &state);
}

/* A program that takes an update works. From now on the bootloader has no way back: the download area changes. */
static bool give_up_way_back(const wxlink_flash *flash)
{
    wxlink_state state;
    if (!wxlink_update_confirm(flash)) {
        return false;
    }
    wxlink_state_read(flash, &state);
    return wxlink_state_settle(flash, &state);
}

bool wxlink_update_start(wxlink_update *update, wxlink *link, const wxlink_flash *flash,
                         void (*ended)(void *user, wxlink_update_end end))
{
    if (!wxlink_flash_is_sound(flash) || WXLINK_PIECE_SIZE % flash->unit != 0) {
        return false;
    }
    wxlink_state state;
    memset(update, 0, sizeof *update);
    update->flash = flash;
    update->ended = ended;
    link->update = update;
    wxlink_state_read(flash, &state);
    if (state.phase == WXLINK_TRIAL) {
        update->state = NEW;
    } else if (wxlink_download_begun(flash, &update->image)) {
        update->kept = wxlink_download_pages(flash);
        ask_for_pieces(link);
    }
    return true;
}

/* Reads what an announcement says. */
static bool read_announce(const wxlink_command *in, wxlink_image *image)
{
    if (in->size != ANNOUNCE_SIZE || big16(in->payload + 4) != WXLINK_IMAGE_MD5) {
        return false;
    }
    image->size = (uint32_t)big16(in->payload) << 16 | big16(in->payload + 2);
    memcpy(image->md5, in->payload + 6, WXLINK_IMAGE_MD5);
    return image->size > 0;
}

static void on_announce(wxlink *link, const wxlink_command *in)
{
    wxlink_update *update = link->update;
    const wxlink_flash *flash = update->flash;
    wxlink_image before;
    wxlink_acknowledge(link, in);
    if (in->repeat || update->state == CHECKING || update->state == COMPLETE) {
        return;
    }
    update->asked_again = false;
    if (!read_announce(in, &update->image)) {
        cancel(link, WXLINK_UPDATE_BAD_ANNOUNCE);
        return;
    }
    if (update->image.size > wxlink_flash_room(flash) || update->image.size > (uint32_t)UINT16_MAX * WXLINK_PIECE_SIZE) {
        cancel(link, WXLINK_UPDATE_TOO_LARGE);
        return;
    }
    update->kept = wxlink_download_pages(flash);
    const bool goes_on = wxlink_download_begun(flash, &before) && before.size == update->image.size &&
                         memcmp(before.md5, update->image.md5, WXLINK_IMAGE_MD5) == 0;
    if (goes_on || (give_up_way_back(flash) && wxlink_download_begin(update))) {
        ask_for_pieces(link);
    } else {
        cancel(link, WXLINK_UPDATE_FLASH_REFUSED);
    }
}

static bool is_agreed(const wxlink_update *update, uint16_t number, uint16_t count, uint16_t size)
{
    const uint32_t before = (number - 1u) * (uint32_t)WXLINK_PIECE_SIZE;
    return number > 0 && number <= count && count == piece_count(update) &&
           size == (number < count ? WXLINK_PIECE_SIZE : update->image.size - before);
}

static void take_piece(wxlink *link, const wxlink_command *in)
{
    wxlink_update *update = link->update;
    switch (wxlink_download_take(update, in->payload + PIECE_HEAD, (uint16_t)(in->size - PIECE_HEAD))) {
    case WXLINK_STORED:
        break;
    case WXLINK_DIFFERS: /* not the image that was begun: nothing of it is worth keeping */
        if (wxlink_download_begin(update)) {
            ask_for_pieces(link);
            return;
        }
        cancel(link, WXLINK_UPDATE_FLASH_REFUSED);
        return;
    default:
        cancel(link, WXLINK_UPDATE_FLASH_REFUSED);
        return;
    }
    wxlink_acknowledge(link, in);
    update->heard_at = link->port->milliseconds(link->user); /* writing took its time */
    update->asked_again = false;
    if (update->next == piece_count(update)) {
        update->state = CHECKING;
        update->hashed = 0;
        wxlink_md5_start(&update->md5);
    }
    update->next++;
}

static void on_piece(wxlink *link, const wxlink_command *in)
{
    wxlink_update *update = link->update;
    uint8_t error = update->state == IDLE || update->state == NEW ? ERROR_OTHER : 0;
    const uint16_t number = in->size >= PIECE_HEAD ? big16(in->payload) : 0;
    if (update->state == RECEIVING && in->flags & HEX_LINES) {
        error = ERROR_FILE_TYPE;
        cancel(link, WXLINK_UPDATE_NOT_BINARY);
    }
    if (error != 0) {
        wxlink_session_send(link, NOTICE, in->sn, 0, &error, sizeof error);
    } else if (update->state == CHECKING || update->state == COMPLETE) {
        wxlink_acknowledge(link, in); /* the last one, again */
    } else if (update->state != RECEIVING) {
        return; /* the module will be told to begin anew, or to stop */
    } else if (number == 0 || !is_agreed(update, number, big16(in->payload + 2), (uint16_t)(in->size - PIECE_HEAD))) {
        wxlink_acknowledge(link, in);
        cancel(link, WXLINK_UPDATE_BAD_PIECE);
    } else if (number == update->next) {
        take_piece(link, in);
    } else {
        wxlink_acknowledge(link, in); /* a repeat; or one from before the module was asked to begin anew */
        if (number > update->next && update->next > 1) {
            cancel(link, WXLINK_UPDATE_GAP);
        }
    }
}

void wxlink_update_take(wxlink *link, const wxlink_command *in)
{
    if (link->update == NULL) {
        const uint8_t error = ERROR_OTHER;
        wxlink_session_send(link, NOTICE, in->sn, 0, &error, sizeof error);
    } else if (in->cmd == ANNOUNCE) {
        on_announce(link, in);
    } else if (in->cmd == PIECE) {
        on_piece(link, in);
    } else {
        wxlink_acknowledge(link, in);
        if (link->update->state == ASKING || link->update->state == RECEIVING) {
            finish(link, WXLINK_UPDATE_CANCELLED);
        }
    }
}

/* The module took, or did not take, the question for pieces: the time for the first one runs. */
static void on_asked(wxlink *link, const uint8_t *answer, uint16_t size)
{
    (void)answer;
    (void)size;
    link->update->heard_at = link->ticked_at;
}

static void on_cancelled(wxlink *link, const uint8_t *answer, uint16_t size)
{
    (void)answer;
    (void)size;
    if (link->update->state == CANCELLING) {
        finish(link, (wxlink_update_end)link->update->end);
    }
}

static void on_told(wxlink *link, const uint8_t *answer, uint16_t size)
{
    (void)link;
    (void)answer;
    (void)size;
}

static void ask(wxlink *link, uint8_t cmd, uint16_t size,
                void (*ended)(wxlink *link, const uint8_t *answer, uint16_t size))
{
    link->ask.cmd = cmd;
    link->ask.flags = 0;
    link->ask.head = WXLINK_NO_HEAD;
    link->ask.payload = link->update->ready;
    link->ask.size = size;
    link->ask.ended = ended;
    wxlink_ask_start(link);
}

static void ask_ready(wxlink *link)
{
    wxlink_update *update = link->update;
    uint8_t *at = update->ready;
    *at++ = 0;
    *at++ = WXLINK_IMAGE_MD5;
    memcpy(at, update->image.md5, WXLINK_IMAGE_MD5);
    at += WXLINK_IMAGE_MD5;
    *at++ = (uint8_t)(WXLINK_PIECE_SIZE >> 8);
    *at = (uint8_t)WXLINK_PIECE_SIZE;
    update->state = RECEIVING;
    update->heard_at = link->ticked_at;
    ask(link, READY, sizeof update->ready, on_asked);
}

static void wait_for_piece(wxlink *link)
{
    wxlink_update *update = link->update;
    if ((int32_t)(link->ticked_at - update->heard_at) < (int32_t)WXLINK_SILENCE_MS) {
        return;
    }
    if (update->asked_again) {
        cancel(link, WXLINK_UPDATE_SILENT);
        return;
    }
    update->asked_again = true;
    update->kept = wxlink_download_pages(update->flash);
    ask_for_pieces(link);
}

static void check(wxlink *link)
{
    switch (wxlink_download_check(link->update)) {
    case WXLINK_MORE_TO_CHECK:
        return;
    case WXLINK_RIGHT:
        link->restarting = true;
        link->timers[WXLINK_TIMER_RESTART] = WXLINK_RESTART_MS;
        finish(link, WXLINK_UPDATE_COMPLETE);
        return;
    case WXLINK_WRONG:
        cancel(link, WXLINK_UPDATE_WRONG_CONTENT);
        return;
    default:
        cancel(link, WXLINK_UPDATE_FLASH_REFUSED);
        return;
    }
}

void wxlink_update_poll(wxlink *link)
{
    wxlink_update *update = link->update;
    if (update == NULL) {
        return;
    }
    if (update->state == ASKING && wxlink_ask_free(link)) {
        ask_ready(link);
    } else if (update->state == RECEIVING) {
        wait_for_piece(link);
    } else if (update->state == CHECKING) {
        check(link);
    } else if (update->state == CANCELLING && wxlink_ask_free(link)) {
        ask(link, CANCEL, 0, on_cancelled);
    } else if (update->state == NEW && wxlink_ask_free(link)) {
        update->state = IDLE;
        ask(link, RESTART_MODULE, 0, on_told);
    }
}

#endif
