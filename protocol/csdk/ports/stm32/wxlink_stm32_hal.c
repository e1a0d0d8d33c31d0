#include "wxlink_stm32_hal.h"

static void listen(wxlink_stm32_hal *line)
{
    line->deaf = HAL_UARTEx_ReceiveToIdle_IT(line->uart, line->received, WXLINK_STM32_CHUNK) != HAL_OK;
}

bool wxlink_stm32_hal_start(wxlink_stm32_hal *line, UART_HandleTypeDef *uart, wxlink *link)
{
    line->uart = uart;
    line->link = link;
    listen(line);
    return !line->deaf;
}

void wxlink_stm32_hal_write(wxlink_stm32_hal *line, const uint8_t *bytes, uint16_t size)
{
    (void)HAL_UART_Transmit(line->uart, (uint8_t *)bytes, size, WXLINK_STM32_SEND_MS); /* older HALs take no const */
    if (line->deaf) {
        listen(line);
    }
}

void wxlink_stm32_hal_received(wxlink_stm32_hal *line, const UART_HandleTypeDef *uart, uint16_t size)
{
    if (uart == line->uart) {
        wxlink_receive(line->link, line->received, size);
        listen(line);
    }
}

void wxlink_stm32_hal_failed(wxlink_stm32_hal *line, const UART_HandleTypeDef *uart)
{
    if (uart == line->uart) {
        listen(line);
    }
}
