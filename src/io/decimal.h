/* Numbers in decimal: text to float and back.
 *
 * strtod and printf take the decimal point from the program's locale, and strtod_l needs a locale
 * that has to be allocated by the C library. These two need neither memory nor a locale, round
 * correctly in any rounding mode, and give the same on every machine. */
#ifndef ADZE_IO_DECIMAL_H
#define ADZE_IO_DECIMAL_H

#include "adze/array.h"

/* How a text was read. */
typedef enum ad_decimal {
    AD_DECIMAL_NONE,      /* it is no number */
    AD_DECIMAL_TOO_LARGE, /* finite, but beyond the type */
    AD_DECIMAL_ROUNDED,
    AD_DECIMAL_EXACT,
} ad_decimal;

/* Reads all n bytes of a text as a number, and rounds it to f32 or f64, ties to even. A number is a
 * sign or none, decimal digits with a point among them or not, and an exponent after e or E or not;
 * or inf, infinity, nan, in small letters or capitals. No blanks, no hexadecimal digits. `point`
 * may be another character, such as ','. *value is written unless the result is NONE or
 * TOO_LARGE. */
ad_decimal ad_decimal_read(const char *text, size_t n, char point, ad_type type, double *value);

/* Whether the n bytes of a text are a word, in small letters or capitals. `small` has small letters
 * and hyphens. */
bool ad_is_word(const char *text, size_t n, const char *small);

/* As many as the longest text has, and its '\0'. */
enum { AD_DECIMAL_SIZE = 32 };

/* Writes a f32 or f64 with the fewest digits with which the nearest decimal reads back as the same
 * number, f32 also by way of f64, and returns the length. There is no point if nothing follows it:
 * "1", "0.1", "1e20", "NaN", "-Inf". */
size_t ad_decimal_print(ad_type type, double value, char point, char text[AD_DECIMAL_SIZE]);

#endif
