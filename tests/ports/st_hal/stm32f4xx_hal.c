/* What the declared functions of ST's HAL do, on the board of the example without a HAL: enough to run the glue. As in
 * ST's HAL, reception ends with a full buffer or a silent line and must then be asked for again; and while it sends, it
 * refuses to receive, as older versions of ST's do, which lock the handle meanwhile. */
#include "stm32f4xx_hal.h"

#include <stdbool.h>

#include "board.h"

#define SILENT_MS 2u

UART_HandleTypeDef huart2;
static volatile bool receiving;
static volatile bool sending;
static volatile uint32_t byte_at;

HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, uint8_t *pData, uint16_t Size, uint32_t Timeout)
{
    (void)huart;
    (void)Timeout;
    sending = true;
    board_send(pData, Size);
    sending = false;
    return HAL_OK;
}

HAL_StatusTypeDef HAL_UARTEx_ReceiveToIdle_IT(UART_HandleTypeDef *huart, uint8_t *pData, uint16_t Size)
{
    if (sending || receiving) {
        return HAL_BUSY;
    }
    huart->pRxBuffPtr = pData;
    huart->RxXferSize = Size;
    huart->RxXferCount = Size;
    receiving = true;
    return HAL_OK;
}

static void end_reception(void)
{
    receiving = false;
    HAL_UARTEx_RxEventCallback(&huart2, (uint16_t)(huart2.RxXferSize - huart2.RxXferCount));
}

/* Inside the UART's interrupt. */
void board_received(uint8_t byte)
{
    if (!receiving) {
        HAL_UART_ErrorCallback(&huart2); /* an overrun */
        return;
    }
    huart2.pRxBuffPtr[huart2.RxXferSize - huart2.RxXferCount] = byte;
    huart2.RxXferCount--;
    byte_at = board_milliseconds();
    if (huart2.RxXferCount == 0) {
        end_reception();
    }
}

/* QEMU's UART tells no silence, so it is noticed here. */
uint32_t HAL_GetTick(void)
{
    __asm volatile("cpsid i" ::: "memory");
    if (receiving && huart2.RxXferCount < huart2.RxXferSize && board_milliseconds() - byte_at >= SILENT_MS) {
        end_reception();
    }
    __asm volatile("cpsie i" ::: "memory");
    return board_milliseconds();
}

void NVIC_SystemReset(void)
{
    board_restart();
}
