/* The registers of an STM32F405 that this example touches, named and laid out as in ST's reference manual RM0090. */
#ifndef STM32F405_H
#define STM32F405_H

#include <stdint.h>

typedef struct {
    volatile uint32_t MODER;
    volatile uint32_t OTYPER;
    volatile uint32_t OSPEEDR;
    volatile uint32_t PUPDR;
    volatile uint32_t IDR;
    volatile uint32_t ODR;
    volatile uint32_t BSRR;
    volatile uint32_t LCKR;
    volatile uint32_t AFR[2];
} gpio_registers;

typedef struct {
    volatile uint32_t SR;
    volatile uint32_t DR;
    volatile uint32_t BRR;
    volatile uint32_t CR1;
    volatile uint32_t CR2;
    volatile uint32_t CR3;
    volatile uint32_t GTPR;
} usart_registers;

typedef struct {
    volatile uint32_t SR;
    volatile uint32_t CR1;
    volatile uint32_t CR2;
    volatile uint32_t SMPR1;
    volatile uint32_t SMPR2;
    volatile uint32_t JOFR[4];
    volatile uint32_t HTR;
    volatile uint32_t LTR;
    volatile uint32_t SQR1;
    volatile uint32_t SQR2;
    volatile uint32_t SQR3;
    volatile uint32_t JSQR;
    volatile uint32_t JDR[4];
    volatile uint32_t DR;
} adc_registers;

typedef struct {
    volatile uint32_t CTRL;
    volatile uint32_t LOAD;
    volatile uint32_t VAL;
} systick_registers;

#define GPIOA ((gpio_registers *)0x40020000u)
#define GPIOC ((gpio_registers *)0x40020800u)
#define USART2 ((usart_registers *)0x40004400u)
#define ADC1 ((adc_registers *)0x40012000u)
#define SYSTICK ((systick_registers *)0xE000E010u)

#define RCC_AHB1ENR (*(volatile uint32_t *)0x40023830u)
#define RCC_APB1ENR (*(volatile uint32_t *)0x40023840u)
#define RCC_APB2ENR (*(volatile uint32_t *)0x40023844u)
#define RCC_AHB1_GPIOA (1u << 0)
#define RCC_AHB1_GPIOC (1u << 2)
#define RCC_APB1_USART2 (1u << 17)
#define RCC_APB2_ADC1 (1u << 8)

#define GPIO_OUTPUT 1u    /* MODER, two bits a pin */
#define GPIO_ALTERNATE 2u
#define GPIO_ANALOG 3u
#define GPIO_PULL_UP 1u   /* PUPDR, two bits a pin */

#define USART_SR_RXNE (1u << 5)
#define USART_SR_TXE (1u << 7)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_UE (1u << 13)

#define ADC_SR_EOC (1u << 1)
#define ADC_CR2_ADON (1u << 0)
#define ADC_CR2_SWSTART (1u << 30)

#define SYSTICK_ENABLE (1u << 0)
#define SYSTICK_INTERRUPT (1u << 1)
#define SYSTICK_CORE_CLOCK (1u << 2)

#define NVIC_ISER1 (*(volatile uint32_t *)0xE000E104u)
#define USART2_IRQ 38u
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu)
#define SCB_AIRCR_RESET 0x05FA0004u

#endif
