/* Generated from 微信宠物屋 | GoKit pet house by wxlink codegen, do not edit.
 *
 * What the MCU SDK must know of the product to be compiled for it: wxlink_config.h reads it.
 */
#ifndef WXLINK_PRODUCT_CONFIG_H
#define WXLINK_PRODUCT_CONFIG_H

#define WXLINK_PRODUCT_POINTS 15
#define WXLINK_PRODUCT_VARIABLE 0 /* 1: only data points that changed travel */
#define WXLINK_PRODUCT_BINARY 0 /* 1: it has binary data points */
#define WXLINK_PRODUCT_UINT32 0 /* 1: it has uint32 data points */
#define WXLINK_PRODUCT_LARGE 0 /* 1: offsets or ids need more than 8 bits */

/* Bytes. */
#define WXLINK_PRODUCT_FLAGS 2 /* of one bit per data point */
#define WXLINK_PRODUCT_CONTROL_FLAGS 1 /* of the flags in a control */
#define WXLINK_PRODUCT_CONTROL 8 /* P0 of every control */
#define WXLINK_PRODUCT_STATUS 12 /* P0 of a report of everything */
#define WXLINK_PRODUCT_IMAGE 11 /* its data points */
#define WXLINK_PRODUCT_REPORT 11 /* all of it but the action */

#endif
