/* A GoKit product on an STM32F405 without ST's HAL: lamp, push button and temperature sensor. */
#include "board.h"
#include "gokit_product.h"

#define MEASURE_MS 500u

static gokit_device device;

void board_received(uint8_t byte)
{
    wxlink_receive(&device.link, &byte, 1);
}

static void write_line(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    board_send(bytes, size);
}

static uint32_t milliseconds(void *user)
{
    (void)user;
    return board_milliseconds();
}

static void on_control(void *user, uint16_t point)
{
    (void)user;
    if (point == GOKIT_POINT_LED_ONOFF) {
        board_lamp(device.values.LED_OnOff);
    }
}

static void on_restart(void *user)
{
    (void)user;
    board_restart();
}

static const wxlink_port port = {
    .write = write_line,
    .milliseconds = milliseconds,
    .control = on_control,
    .restart = on_restart,
};

static const wxlink_identity identity = {
    .hardware_version = "03010100",
    .software_version = "00000001",
};

int main(void)
{
    uint32_t measured_at = 0;

    device.values.Motor_Speed = (uint16_t)GOKIT_MOTOR_SPEED_RAW(0);
    if (!gokit_start(&device, &port, &identity, NULL)) {
        return 1;
    }
    board_start(WXLINK_BAUD);
    for (;;) {
        wxlink_poll(&device.link);
        if (board_milliseconds() - measured_at >= MEASURE_MS) {
            measured_at = board_milliseconds();
            device.values.Temperature = (uint8_t)GOKIT_TEMPERATURE_RAW(board_celsius());
            device.values.Infrared = board_button();
        }
        wxlink_report(&device.link);
    }
}
