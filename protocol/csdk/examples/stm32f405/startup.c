/* From reset to main: vector table, initial values of variables. */
#include <stdint.h>

#include "board.h"

int main(void);

extern uint32_t stack_top, data_image, data_start, data_end, bss_start, bss_end; /* of the linker script */

#define EXCEPTIONS 16
#define USART2_VECTOR (EXCEPTIONS + 38)
#define SYSTICK_VECTOR 15

void reset(void)
{
    const uint32_t *image = &data_image;
    for (uint32_t *at = &data_start; at < &data_end; at++) {
        *at = *image++;
    }
    for (uint32_t *at = &bss_start; at < &bss_end; at++) {
        *at = 0;
    }
    (void)main();
    board_restart();
}

/* A program that lost its way starts again. */
static void lost(void)
{
    board_restart();
}

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} vector;

__attribute__((section(".vectors"), used)) static const vector vectors[USART2_VECTOR + 1] = {
    [0] = {.stack = &stack_top},
    [1] = {.handler = reset},
    [2] = {.handler = lost}, /* NMI */
    [3] = {.handler = lost}, /* hard fault */
    [4] = {.handler = lost}, /* memory management */
    [5] = {.handler = lost}, /* bus fault */
    [6] = {.handler = lost}, /* usage fault */
    [SYSTICK_VECTOR] = {.handler = board_tick},
    [USART2_VECTOR] = {.handler = board_usart},
};
