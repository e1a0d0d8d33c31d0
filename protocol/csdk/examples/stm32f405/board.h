/* An STM32F405 board (pins as on Olimex' STM32-H405) without ST's HAL.
 *
 *     PA2 TX, PA3 RX   USART2 to the Wi-Fi module's RX and TX
 *     PC12             lamp, lit when low
 *     PA0              push button, high when pressed
 *     PA1              LM35 temperature sensor: 10 mV a degree
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* Clock of the core and of both peripheral buses. After reset they run on the 16 MHz of the internal oscillator, which
 * is all that the link needs; set this when the program is started with another clock. */
#ifndef CLOCK_HZ
#define CLOCK_HZ 16000000u
#endif

/* Starts clocks, pins, the millisecond tick and the line to the module. Bytes from the module come to board_received,
 * inside an interrupt, from now on. */
void board_start(uint32_t baud);

/* To be supplied by the program. */
void board_received(uint8_t byte);

void board_send(const uint8_t *bytes, uint16_t size);
uint32_t board_milliseconds(void);
void board_lamp(bool on);
bool board_button(void);
int32_t board_celsius(void);

/* Starts the program anew, as after power-on. */
void board_restart(void) __attribute__((noreturn));

/* Interrupts. */
void board_tick(void);
void board_usart(void);

#endif
