/* Colourings, inside. */
#ifndef ADZE_PROGRAM_COLOURING_H
#define ADZE_PROGRAM_COLOURING_H

#include "program/sparsity.h"

/* The rows of s, those with the most entries first, else in their order. work has room for columns + 2 numbers. */
void ad_colour_order(const ad_sparsity *s, size_t *order, size_t *work);

/* A star colouring of the vertices of a graph: the neighbours of each are its row, which may have the vertex itself.
 * How many colours it takes; SIZE_MAX with an error. */
size_t ad_colour_stars(const ad_sparsity *graph, size_t *colour, ad_error *error);

#endif
