/* The GoKit board on an Arduino Uno, or on an ESP32: lamp, coloured light, motor, movement and temperature.
 *
 *     wxlink codegen protocol/products/gokit.json --for arduino -o ~/Arduino/libraries
 *
 * makes the library that this sketch includes. Wiring of an Uno (it has one UART: take the module off while uploading):
 *
 *     0, 1       the Wi-Fi module's TX and RX, at 3.3 V: put a level shifter between
 *     13         lamp
 *     9, 10, 11  red, green and blue of the light
 *     5, 4       motor driver: speed, direction
 *     2          movement detector, high when somebody moves
 *     3          push button to ground: the module looks for a Wi-Fi network (AirLink)
 *     A0         LM35 temperature sensor: 10 mV a degree
 */
#include <WxlinkGokit.h>

#if defined(ARDUINO_ARCH_ESP32)
#define MODULE Serial2
const uint8_t LAMP = 2, RED = 25, GREEN = 26, BLUE = 27, SPEED = 32, DIRECTION = 33, MOVEMENT = 4, BUTTON = 5, SENSOR = 34;
const long SUPPLY_MV = 3300, ADC_STEPS = 4096;
#else
#define MODULE Serial
const uint8_t LAMP = 13, RED = 9, GREEN = 10, BLUE = 11, SPEED = 5, DIRECTION = 4, MOVEMENT = 2, BUTTON = 3, SENSOR = A0;
const long SUPPLY_MV = 5000, ADC_STEPS = 1024;
#endif
const long LM35_MV_PER_DEGREE = 10;
const uint32_t MEASURE_MS = 500;

const uint8_t LIGHTS[][3] = {{0, 0, 0}, {254, 254, 0}, {254, 0, 70}, {238, 30, 30}}; // yellow, purple, pink

WxlinkGokit gokit(MODULE);
uint32_t measuredAt;
bool pressed;

void showLight()
{
  const uint8_t chosen = gokit.values.LED_Color;
  const bool custom = chosen == GOKIT_LED_COLOR_VALUE0_CUSTOM;
  analogWrite(RED, custom ? gokit.values.LED_R : LIGHTS[chosen][0]);
  analogWrite(GREEN, custom ? gokit.values.LED_G : LIGHTS[chosen][1]);
  analogWrite(BLUE, custom ? gokit.values.LED_B : LIGHTS[chosen][2]);
}

void turnMotor()
{
  const int speed = GOKIT_MOTOR_SPEED_DISPLAY(gokit.values.Motor_Speed); // -5 to 5
  digitalWrite(DIRECTION, speed < 0 ? HIGH : LOW);
  analogWrite(SPEED, abs(speed) * 51);
}

void control(uint16_t point)
{
  switch (point) {
  case GOKIT_POINT_LED_ONOFF:
    digitalWrite(LAMP, gokit.values.LED_OnOff ? HIGH : LOW);
    break;
  case GOKIT_POINT_MOTOR_SPEED:
    turnMotor();
    break;
  default:
    showLight();
  }
}

void measure()
{
  const long millivolts = analogRead(SENSOR) * SUPPLY_MV / ADC_STEPS;
  gokit.values.Temperature = GOKIT_TEMPERATURE_RAW(millivolts / LM35_MV_PER_DEGREE);
}

void watchButton()
{
  const bool down = digitalRead(BUTTON) == LOW;
  if (down && !pressed) {
    gokit.ask(WXLINK_SETUP_AIRLINK);
  }
  pressed = down;
}

void setup()
{
  const uint8_t outputs[] = {LAMP, RED, GREEN, BLUE, SPEED, DIRECTION};
  for (uint8_t pin : outputs) {
    pinMode(pin, OUTPUT);
  }
  pinMode(MOVEMENT, INPUT);
  pinMode(BUTTON, INPUT_PULLUP);
  gokit.values.Motor_Speed = GOKIT_MOTOR_SPEED_RAW(0);
  gokit.onControl(control);
  MODULE.begin(WXLINK_BAUD);
  gokit.begin("03010100", "00000001");
}

void loop()
{
  gokit.values.Infrared = digitalRead(MOVEMENT) == HIGH;
  watchButton();
  if (millis() - measuredAt >= MEASURE_MS) {
    measuredAt = millis();
    measure();
  }
  gokit.update();
}
