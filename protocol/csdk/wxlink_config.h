/* What of the SDK is built, and its sizes: set these macros by compiler options, or edit this file in your project.
 *
 * What the product itself needs stands in wxlink_product_config.h, generated with its tables. One program holds one
 * product, and any number of links.
 */
#ifndef WXLINK_CONFIG_H
#define WXLINK_CONFIG_H

#include "wxlink_product_config.h"

/* Speed of the serial line: a frame's time on the wire counts in every time-out. */
#ifndef WXLINK_BAUD
#define WXLINK_BAUD 9600
#endif

/* Bytes between interrupt and main loop, a power of two, 256 at most: 64 are 66 ms at 9600 baud. One stays free. */
#ifndef WXLINK_RING_SIZE
#define WXLINK_RING_SIZE 64
#endif

/* Questions of the MCU: onboarding, reset, production test, binding, restart of the module (commands 09 0B 13 15 29). */
#ifndef WXLINK_WITH_SETUP
#define WXLINK_WITH_SETUP 0
#endif

/* Network time (command 17). */
#ifndef WXLINK_WITH_TIME
#define WXLINK_WITH_TIME 0
#endif

/* Module information (command 21); room for the answer of a cellular module. */
#ifndef WXLINK_WITH_MODULE_INFO
#define WXLINK_WITH_MODULE_INFO 0
#endif

/* Text behind the device information (command 02): names, time zone and such for the module. */
#ifndef WXLINK_WITH_EXTRA
#define WXLINK_WITH_EXTRA 0
#endif

/* Transparent data in both directions (P0 actions 05 and 06). */
#ifndef WXLINK_WITH_TRANSPARENT
#define WXLINK_WITH_TRANSPARENT 0
#endif

/* Devices behind this one (P0 actions 71 to 73, and P0 that is addressed to one of them). */
#ifndef WXLINK_WITH_SUB_DEVICES
#define WXLINK_WITH_SUB_DEVICES 0
#endif

/* New firmware for the MCU over the serial link (commands 19 to 20 and 27; wxlink_update.h). */
#ifndef WXLINK_WITH_UPDATE
#define WXLINK_WITH_UPDATE 0
#endif

/* Bytes of transparent data, or of P0 for devices behind this one, that one frame may bring. */
#ifndef WXLINK_DATA_SIZE
#define WXLINK_DATA_SIZE 64
#endif

/* Last byte of the device attributes (README 3.1): 0x02 as every generated program sends it; 0x03 makes it a gateway. */
#ifndef WXLINK_ATTRIBUTES
#define WXLINK_ATTRIBUTES 0x02
#endif

/* Bytes of one piece of new firmware. */
#ifndef WXLINK_PIECE_SIZE
#define WXLINK_PIECE_SIZE 256
#endif

#define WXLINK_TIME_MAX 11 /* payload of network time */
#define WXLINK_INFO_MAX 118 /* payload of module information: a cellular module with seven cells */

#define WXLINK_LARGER(a, b) ((a) > (b) ? (a) : (b))
#define WXLINK_ANSWER_MAX (WXLINK_WITH_MODULE_INFO ? WXLINK_INFO_MAX : WXLINK_WITH_TIME ? WXLINK_TIME_MAX : 2)
#define WXLINK_DATA_MAX (WXLINK_WITH_TRANSPARENT || WXLINK_WITH_SUB_DEVICES ? WXLINK_DATA_SIZE + 1 : 0)
#define WXLINK_UPDATE_MAX (WXLINK_WITH_UPDATE ? WXLINK_LARGER(WXLINK_PIECE_SIZE + 4, 38) : 0)

/* Payload of the longest frame that may come in (README 3). */
#define WXLINK_PAYLOAD_MAX                                                                                             \
    WXLINK_LARGER(WXLINK_LARGER(WXLINK_PRODUCT_CONTROL, WXLINK_PRODUCT_STATUS),                                        \
                  WXLINK_LARGER(WXLINK_LARGER(WXLINK_ANSWER_MAX, WXLINK_DATA_MAX), WXLINK_UPDATE_MAX))

/* 1: bytes of a frame are counted in 16 bits; 0: in 8, which is smaller on an 8-bit MCU, when no frame is that long. */
#ifndef WXLINK_LONG_FRAMES
#if defined(__AVR__)
#define WXLINK_LONG_FRAMES                                                                                             \
    (WXLINK_PAYLOAD_MAX > 240 || WXLINK_PRODUCT_REPORT > 240 || WXLINK_WITH_EXTRA || WXLINK_WITH_SETUP ||              \
     WXLINK_WITH_MODULE_INFO || WXLINK_WITH_TRANSPARENT || WXLINK_WITH_SUB_DEVICES)
#else
#define WXLINK_LONG_FRAMES 1
#endif
#endif

#endif
