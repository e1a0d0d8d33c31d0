/* Declarations of the Arduino API as a C++11 compiler for an ESP32 would see them, for a look at the syntax only: the
 * core for the ESP32 is no Debian package. Names and signatures are those of Arduino's public reference. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define HIGH 1
#define LOW 0
#define INPUT 1
#define OUTPUT 3
#define INPUT_PULLUP 5

uint32_t millis();
void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
int digitalRead(uint8_t pin);
uint16_t analogRead(uint8_t pin);
void analogWrite(uint8_t pin, int value);

class Print {
public:
    virtual ~Print() {}
    virtual size_t write(uint8_t byte) = 0;
    virtual size_t write(const uint8_t *buffer, size_t size);
};

class Stream : public Print {
public:
    virtual int available() = 0;
    virtual int read() = 0;
    virtual int peek() = 0;
};

class HardwareSerial : public Stream {
public:
    void begin(unsigned long baud);
    size_t write(uint8_t byte) override;
    int available() override;
    int read() override;
    int peek() override;
};

class EspClass {
public:
    void restart();
};

extern HardwareSerial Serial2;
extern EspClass ESP;

#endif
