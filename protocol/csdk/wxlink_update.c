#include "wxlink_update.h"

#if WXLINK_WITH_UPDATE

#include <string.h>

#include "wxlink_download.h"
#include "wxlink_session.h"

#define PIECE_HEAD 4u     /* number and count before the content */
#define PIECE_MAX 4092    /* bytes of content: a module sends no longer frames (README 3.3) */
#define ANNOUNCE_SIZE 38u /* size, length of the MD5, MD5 */
#define HEX_LINES 0x01u   /* flag of a piece */

enum {
    IDLE,
    ASKING,     /* for the first piece, as soon as a question may begin */
    RECEIVING,
    CHECKING,   /* every piece is there */
    CANCELLING, /* as soon as a question may begin */
    COMPLETE,   /* the restart is coming */
    NEW         /* this program is: the module has to ask for its version */
};

typedef char a_piece_fits_its_frame[WXLINK_PIECE_SIZE > 0 && WXLINK_PIECE_SIZE <= PIECE_MAX ? 1 : -1];

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
static bool read_announce(const wxlink *link, wxlink_image *image)
{
    if (wxlink_taken(link) != ANNOUNCE_SIZE || wxlink_u16(link->frame.payload + 4) != WXLINK_IMAGE_MD5) {
        return false;
    }
    image->size = (uint32_t)wxlink_u16(link->frame.payload) << 16 | wxlink_u16(link->frame.payload + 2);
    memcpy(image->md5, link->frame.payload + 6, WXLINK_IMAGE_MD5);
    return image->size > 0;
}

static void on_announce(wxlink *link)
{
    wxlink_update *update = link->update;
    const wxlink_flash *flash = update->flash;
    wxlink_image before;
    wxlink_acknowledge(link);
    if (link->repeat || update->state == CHECKING || update->state == COMPLETE) {
        return;
    }
    update->asked_again = false;
    if (!read_announce(link, &update->image)) {
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

static void take_piece(wxlink *link)
{
    wxlink_update *update = link->update;
    const uint16_t size = (uint16_t)(wxlink_taken(link) - PIECE_HEAD);
    switch (wxlink_download_take(update, link->frame.payload + PIECE_HEAD, size)) {
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
    wxlink_acknowledge(link);
    update->heard_at = link->port->milliseconds(link->user); /* writing took its time */
    update->asked_again = false;
    if (update->next == piece_count(update)) {
        update->state = CHECKING;
        update->hashed = 0;
        wxlink_md5_start(&update->md5);
    }
    update->next++;
}

static void on_piece(wxlink *link)
{
    wxlink_update *update = link->update;
    uint8_t error = update->state == IDLE || update->state == NEW ? WXLINK_ERROR_OTHER : 0;
    const uint8_t *piece = link->frame.payload;
    const uint16_t size = wxlink_taken(link);
    const uint16_t number = size >= PIECE_HEAD ? wxlink_u16(piece) : 0;
    if (update->state == RECEIVING && link->frame.head.flags[1] & HEX_LINES) {
        error = WXLINK_ERROR_FILE_TYPE;
        cancel(link, WXLINK_UPDATE_NOT_BINARY);
    }
    if (error != 0) {
        wxlink_complain(link, error);
    } else if (update->state == CHECKING || update->state == COMPLETE) {
        wxlink_acknowledge(link); /* the last one, again */
    } else if (update->state != RECEIVING) {
        return; /* the module will be told to begin anew, or to stop */
    } else if (number == 0 || !is_agreed(update, number, wxlink_u16(piece + 2), (uint16_t)(size - PIECE_HEAD))) {
        wxlink_acknowledge(link);
        cancel(link, WXLINK_UPDATE_BAD_PIECE);
    } else if (number == update->next) {
        take_piece(link);
    } else {
        wxlink_acknowledge(link); /* a repeat; or one from before the module was asked to begin anew */
        if (number > update->next && update->next > 1) {
            cancel(link, WXLINK_UPDATE_GAP);
        }
    }
}

void wxlink_update_take(wxlink *link)
{
    if (link->update == NULL) {
        wxlink_complain(link, WXLINK_ERROR_OTHER);
    } else if (link->frame.head.cmd == WXLINK_CMD_DATA_ANNOUNCE) {
        on_announce(link);
    } else if (link->frame.head.cmd == WXLINK_CMD_DATA_PIECE) {
        on_piece(link);
    } else {
        wxlink_acknowledge(link);
        if (link->update->state == ASKING || link->update->state == RECEIVING) {
            finish(link, WXLINK_UPDATE_CANCELLED);
        }
    }
}

/* The module took, or did not take, the question for pieces: the time for the first one runs. */
static void on_asked(wxlink *link, bool acknowledged)
{
    (void)acknowledged;
    link->update->heard_at = link->ticked_at;
}

static void on_cancelled(wxlink *link, bool acknowledged)
{
    (void)acknowledged;
    if (link->update->state == CANCELLING) {
        finish(link, (wxlink_update_end)link->update->end);
    }
}

static void on_told(wxlink *link, bool acknowledged)
{
    (void)link;
    (void)acknowledged;
}

static void ask(wxlink *link, uint8_t cmd, wxlink_size size, void (*ended)(wxlink *link, bool acknowledged))
{
    link->ask.head.cmd = cmd;
    link->ask.lead = WXLINK_NO_LEAD;
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
    ask(link, WXLINK_CMD_DATA_READY, sizeof update->ready, on_asked);
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
        ask(link, WXLINK_CMD_DATA_RECEIVER_CANCEL, 0, on_cancelled);
    } else if (update->state == NEW && wxlink_ask_free(link)) {
        update->state = IDLE;
        ask(link, WXLINK_CMD_RESTART_MODULE, 0, on_told);
    }
}

#endif
