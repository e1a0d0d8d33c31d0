#include "board.h"

#include "stm32f405.h"

#define SUPPLY_MV 3300
#define ADC_STEPS 4096
#define CONVERSION_TRIES 100u /* it lasts 30 cycles; a converter without an answer must not stop the link */
#define LM35_MV_PER_DEGREE 10

enum { BUTTON = 0, SENSOR = 1, TX = 2, RX = 3, LAMP = 12 };

#define USART_FUNCTION 7u /* alternate function of USART1 to USART3 */

static volatile uint32_t milliseconds;

static void mode(gpio_registers *port, unsigned pin, uint32_t value)
{
    port->MODER = (port->MODER & ~(3u << 2 * pin)) | value << 2 * pin;
}

static void start_pins(void)
{
    RCC_AHB1ENR |= RCC_AHB1_GPIOA | RCC_AHB1_GPIOC;
    (void)RCC_AHB1ENR; /* a port answers two cycles after its clock came on */
    board_lamp(false);
    mode(GPIOC, LAMP, GPIO_OUTPUT);
    mode(GPIOA, SENSOR, GPIO_ANALOG);
    GPIOA->PUPDR |= GPIO_PULL_UP << 2 * RX; /* a line without a module is silent, not noise */
    GPIOA->AFR[0] |= USART_FUNCTION << 4 * TX | USART_FUNCTION << 4 * RX;
    mode(GPIOA, TX, GPIO_ALTERNATE);
    mode(GPIOA, RX, GPIO_ALTERNATE);
}

static void start_sensor(void)
{
    RCC_APB2ENR |= RCC_APB2_ADC1;
    ADC1->SQR3 = SENSOR; /* one conversion, of channel 1 */
    ADC1->CR2 = ADC_CR2_ADON;
}

static void start_line(uint32_t baud)
{
    RCC_APB1ENR |= RCC_APB1_USART2;
    USART2->BRR = (CLOCK_HZ + baud / 2) / baud;
    USART2->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    NVIC_ISER1 = 1u << (USART2_IRQ - 32);
}

void board_start(uint32_t baud)
{
    SYSTICK->LOAD = CLOCK_HZ / 1000u - 1;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = SYSTICK_CORE_CLOCK | SYSTICK_INTERRUPT | SYSTICK_ENABLE;
    start_pins();
    start_sensor();
    start_line(baud);
}

void board_tick(void)
{
    milliseconds++;
}

uint32_t board_milliseconds(void)
{
    return milliseconds;
}

void board_usart(void)
{
    const uint32_t status = USART2->SR;
    const uint8_t byte = (uint8_t)USART2->DR; /* always read: an overrun that is not cleared interrupts for ever */
    if (status & USART_SR_RXNE) {
        board_received(byte);
    }
}

void board_send(const uint8_t *bytes, uint16_t size)
{
    for (uint16_t i = 0; i < size; i++) {
        while ((USART2->SR & USART_SR_TXE) == 0) {
        }
        USART2->DR = bytes[i];
    }
}

void board_lamp(bool on)
{
    GPIOC->BSRR = on ? 1u << (LAMP + 16) : 1u << LAMP;
}

bool board_button(void)
{
    return (GPIOA->IDR & 1u << BUTTON) != 0;
}

int32_t board_celsius(void)
{
    ADC1->CR2 |= ADC_CR2_SWSTART;
    for (unsigned tries = CONVERSION_TRIES; tries > 0 && (ADC1->SR & ADC_SR_EOC) == 0; tries--) {
    }
    return (int32_t)ADC1->DR * SUPPLY_MV / ADC_STEPS / LM35_MV_PER_DEGREE;
}

void board_restart(void)
{
    SCB_AIRCR = SCB_AIRCR_RESET;
    for (;;) {
    }
}
