#include "wxlink_update.h"

#if WXLINK_WITH_UPDATE

#include <string.h>

#include "wxlink_session.h"

#define PIECE_HEAD 4u     /* number and count before the content */
#define ANNOUNCE_SIZE 38u /* size, length of the MD5, MD5 */
#define HEX_LINES 0x01u   /* flag of a piece */
#define HASHED_AT_ONCE 256u /* bytes by one wxlink_poll, so that hashing holds up nothing */

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

/* How many pages of the announced image are there already. The last that was noted is taken again: its note may come from
 * the moment the power went. */
static uint16_t pages_kept(const wxlink_flash *flash)
{
    const uint16_t pages = wxlink_part_noted(flash, WXLINK_DOWNLOAD, WXLINK_PAGES_AT, flash->pages);
    return (uint16_t)(pages > 0 ? pages - 1u : 0);
}

static bool is_complete(const wxlink_flash *flash)
{
    return wxlink_part_noted(flash, WXLINK_DOWNLOAD, WXLINK_COMPLETE_AT(flash->pages), 1) > 0;
}

/* Forgets what was downloaded and records what will be. */
static bool begin_download(wxlink_update *update)
{
    wxlink_state download = {.image = update->image};
    update->kept = 0;
    return wxlink_part_write(update->flash, WXLINK_DOWNLOAD, &download);
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

/* Reads what a download was begun for. False when there is none to go on with. */
static bool read_begun(const wxlink_flash *flash, wxlink_image *image)
{
    wxlink_state download;
    const bool any = wxlink_part_read(flash, WXLINK_DOWNLOAD, &download) && !is_complete(flash);
    *image = download.image;
    return any && image->size > 0 && image->size <= wxlink_flash_room(flash);
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
    } else if (read_begun(flash, &update->image)) {
        update->kept = pages_kept(flash);
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
    update->kept = pages_kept(flash);
    const bool goes_on = read_begun(flash, &before) && before.size == update->image.size &&
                         memcmp(before.md5, update->image.md5, WXLINK_IMAGE_MD5) == 0;
    if (goes_on || (give_up_way_back(flash) && begin_download(update))) {
        ask_for_pieces(link);
    } else {
        cancel(link, WXLINK_UPDATE_FLASH_REFUSED);
    }
}

/* True when the flash holds these bytes. */
static bool holds(const wxlink_flash *flash, uint32_t address, const uint8_t *bytes, uint16_t size)
{
    uint8_t byte;
    for (uint16_t i = 0; i < size; i++) {
        flash->read(flash->user, address + i, &byte, 1);
        if (byte != bytes[i]) {
            return false;
        }
    }
    return true;
}

/* Writes the part of a piece that lies in one page; at the page's begin it is erased, at its end noted. */
static bool write_part(wxlink_update *update, uint32_t offset, uint8_t *bytes, uint16_t size)
{
    const wxlink_flash *flash = update->flash;
    const uint32_t end = offset + size;
    if (offset % flash->page_size == 0 && !flash->erase(flash->user, flash->download + offset)) {
        return false;
    }
    while (size % flash->unit != 0) {
        bytes[size++] = 0xFF; /* a short piece is the last one: it leaves room in the receive buffer */
    }
    if (!flash->write(flash->user, flash->download + offset, bytes, size)) {
        return false;
    }
    return (end % flash->page_size != 0 && end != update->image.size) ||
           wxlink_part_note(flash, WXLINK_DOWNLOAD, (uint16_t)(WXLINK_PAGES_AT + offset / flash->page_size));
}

typedef enum { STORED, DIFFERS, REFUSED } stored;

/* Puts a piece where it belongs, page by page. */
static stored store(wxlink_update *update, uint8_t *bytes, uint16_t size)
{
    const wxlink_flash *flash = update->flash;
    uint32_t offset = (update->next - 1u) * (uint32_t)WXLINK_PIECE_SIZE;
    while (size > 0) {
        const uint32_t left = flash->page_size - offset % flash->page_size;
        const uint16_t part = (uint16_t)(size < left ? size : left);
        if (offset / flash->page_size >= update->kept) {
            if (!write_part(update, offset, bytes, part)) {
                return REFUSED;
            }
        } else if (!holds(flash, flash->download + offset, bytes, part)) {
            return DIFFERS;
        }
        offset += part;
        bytes += part;
        size = (uint16_t)(size - part);
    }
    return STORED;
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
    switch (store(update, in->payload + PIECE_HEAD, (uint16_t)(in->size - PIECE_HEAD))) {
    case STORED:
        break;
    case DIFFERS: /* not the image that was begun: nothing of it is worth keeping */
        if (begin_download(update)) {
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
    update->kept = pages_kept(update->flash);
    ask_for_pieces(link);
}

/* Hashes a bit of the content as it stands in flash; at its end decides. */
static void check(wxlink *link)
{
    wxlink_update *update = link->update;
    const wxlink_flash *flash = update->flash;
    uint8_t block[WXLINK_MD5_BLOCK];
    for (uint16_t i = 0; i < HASHED_AT_ONCE && update->hashed < update->image.size; i = (uint16_t)(i + sizeof block)) {
        const uint32_t rest = update->image.size - update->hashed;
        const uint16_t size = (uint16_t)(rest < sizeof block ? rest : sizeof block);
        flash->read(flash->user, flash->download + update->hashed, block, size);
        wxlink_md5_take(&update->md5, block, size);
        update->hashed += size;
    }
    if (update->hashed < update->image.size) {
        return;
    }
    wxlink_md5_end(&update->md5, block);
    if (!wxlink_image_has(&update->image, block)) {
        cancel(link, wxlink_part_drop(flash, WXLINK_DOWNLOAD) ? WXLINK_UPDATE_WRONG_CONTENT : WXLINK_UPDATE_FLASH_REFUSED);
        return;
    }
    if (!wxlink_part_note(flash, WXLINK_DOWNLOAD, (uint16_t)WXLINK_COMPLETE_AT(flash->pages))) {
        cancel(link, WXLINK_UPDATE_FLASH_REFUSED);
        return;
    }
    link->restarting = true;
    link->timers[WXLINK_TIMER_RESTART] = WXLINK_RESTART_MS;
    finish(link, WXLINK_UPDATE_COMPLETE);
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
