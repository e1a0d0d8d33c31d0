/* What a maker writes around the generated glue: STM32CubeMX's main with its two lines, and the product's hardware. */
#include "main.h"

#include "board.h"
#include "gokit_stm32.h"

#define MEASURE_MS 500u

const wxlink_identity gokit_identity = {.hardware_version = "03010100", .software_version = "00000001"};

void gokit_control(uint16_t point)
{
    if (point == GOKIT_POINT_LED_ONOFF) {
        board_lamp(gokit.values.LED_OnOff);
    }
}

int main(void)
{
    uint32_t measured_at = 0;

    board_start(WXLINK_BAUD);
    if (!gokit_stm32_start(&huart2)) {
        return 1;
    }
    for (;;) {
        if (HAL_GetTick() - measured_at >= MEASURE_MS) {
            measured_at = HAL_GetTick();
            gokit.values.Temperature = (uint8_t)GOKIT_TEMPERATURE_RAW(board_celsius());
        }
        gokit_stm32_poll();
    }
}
