/* Constant tables that stay in program memory where the compiler would copy them to RAM (AVR). */
#ifndef WXLINK_ROM_H
#define WXLINK_ROM_H

#include <string.h>

#if defined(__AVR__)
#include <avr/pgmspace.h>
#define WXLINK_ROM PROGMEM
#define wxlink_rom_copy memcpy_P
#define wxlink_rom_byte(at) pgm_read_byte(at)
#else
#define WXLINK_ROM
#define wxlink_rom_copy memcpy
#define wxlink_rom_byte(at) (*(at))
#endif

#endif
