/* As STM32CubeMX writes it. */
#ifndef MAIN_H
#define MAIN_H

#include "stm32f4xx_hal.h"

extern UART_HandleTypeDef huart2;

#endif
