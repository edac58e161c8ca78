/* Digits to learn from where MNIST is not at hand: images drawn by strokes. */
#ifndef EXAMPLES_DIGITS_H
#define EXAMPLES_DIGITS_H

#include <adze.h>

/* Draws a digit, [28, 28] row by row, white on black: the strokes of its glyph, shifted, turned,
 * slanted, scaled, thickened and with noise. The same digit, seed and number give the same image. */
void draw_digit(int digit, uint64_t seed, uint64_t number, uint8_t image[28 * 28]);

/* Draws a data set in the form of MNIST. End it with ad_dataset_free. */
ad_status draw_digits(int64_t train, int64_t test, uint64_t seed, ad_dataset *d, ad_error *error);

#endif
