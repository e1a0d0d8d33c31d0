/* wxlink on an STM32 with ST's HAL, as STM32CubeMX sets a project up: any family whose HAL has
 * HAL_UARTEx_ReceiveToIdle_IT, with or without an RTOS (one task calls the SDK).
 *
 * `wxlink codegen PRODUCT --for stm32` writes what joins it to a product and to STM32CubeMX's main.c. By hand:
 *
 *     wxlink_stm32_hal_start(&line, &huart2, &link)    after wxlink_start: bytes come from now on
 *     wxlink_stm32_hal_write(&line, bytes, size)       in the port's `write`
 *     HAL_GetTick()                                    in the port's `milliseconds`
 *     wxlink_stm32_hal_received(&line, uart, size)     in HAL_UARTEx_RxEventCallback
 *     wxlink_stm32_hal_failed(&line, uart)             in HAL_UART_ErrorCallback
 */
#ifndef WXLINK_STM32_HAL_H
#define WXLINK_STM32_HAL_H

#include <stdbool.h>
#include <stdint.h>

#include "main.h" /* STM32CubeMX writes it; it includes the HAL of the chip's family */
#include "wxlink.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_STM32_CHUNK 16u    /* bytes between two interrupts, at most; fewer when the line falls silent */
#define WXLINK_STM32_SEND_MS 100u /* longest wait for a piece to be sent: one of WXLINK_CHUNK bytes takes 17 at 9600 baud */

/* One UART with a link on it. */
typedef struct {
    UART_HandleTypeDef *uart;
    wxlink *link;
    uint8_t received[WXLINK_STM32_CHUNK];
    volatile bool deaf; /* the HAL refused to receive on: some versions do while they send */
} wxlink_stm32_hal;

/* Begins to receive. False when the HAL refuses: the UART is not initialised, or somebody else receives from it. */
bool wxlink_stm32_hal_start(wxlink_stm32_hal *line, UART_HandleTypeDef *uart, wxlink *link);

/* Sends bytes and waits until the UART has taken them. What it does not take in time is lost; the SDK sends it again. */
void wxlink_stm32_hal_write(wxlink_stm32_hal *line, const uint8_t *bytes, uint16_t size);

/* From HAL_UARTEx_RxEventCallback, whichever UART it is called for. */
void wxlink_stm32_hal_received(wxlink_stm32_hal *line, const UART_HandleTypeDef *uart, uint16_t size);

/* From HAL_UART_ErrorCallback, whichever UART it is called for: the HAL gave up receiving, and begins anew. */
void wxlink_stm32_hal_failed(wxlink_stm32_hal *line, const UART_HandleTypeDef *uart);

#ifdef __cplusplus
}
#endif

#endif
