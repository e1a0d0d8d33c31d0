/* What the program of this example tells its bootloader. */
#ifndef RESTART_H
#define RESTART_H

#define RESTART_STATUS 64 /* exit status that stands for the reset of an MCU */

#endif
