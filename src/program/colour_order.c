/* The order in which sets are coloured: the largest first. */
#include "program/colouring.h"

#include "program/sparsity.h"

#include <string.h>

void ad_colour_order(const ad_sparsity *s, size_t *order, size_t *work)
{
    memset(work, 0, (s->columns + 2) * sizeof *work);
    for (size_t i = 0; i < s->rows; i++)
        work[s->columns - (s->row_begin[i + 1] - s->row_begin[i]) + 1]++;
    ad_sparsity_add_up(s->columns + 1, work);
    for (size_t i = 0; i < s->rows; i++)
        order[work[s->columns - (s->row_begin[i + 1] - s->row_begin[i]) + 1]++] = i;
}
