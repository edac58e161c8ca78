/* What the results of a convolution see of their source: phases, and pixels with padding around them. */
#ifndef ADZE_KERNELS_CONVOLUTION_SIGHT_H
#define ADZE_KERNELS_CONVOLUTION_SIGHT_H

#include "kernels/convolution.h"
#include "kernels/convolution_kernel.h"

static inline int64_t ad_up_to_multiple(int64_t n, int64_t of)
{
    return (n + of - 1) / of * of;
}

/* Results along an axis that see the source through the same taps: result first + step * i, for i < count, sees
 * through tap number t, which is tap + tap_step * t of the filter, the place source + source_step * i + hop * t. */
typedef struct ad_phase {
    int64_t first, step, count;
    int64_t source, source_step, hop;
    int64_t tap, tap_step, taps;
} ad_phase;

/* From the big array to the small one there is one phase; back, one for each residue of the stride. Fills up to
 * ad_count_phases of them, those that have taps, and returns how many. */
ad_phase ad_phase_to_small(const ad_window *w);
int64_t ad_count_phases(const ad_window *w);
int64_t ad_phases_to_big(const ad_window *w, ad_phase *phase);

/* An array of pixels. */
typedef struct ad_pixels {
    const char *data;
    int64_t extent[AD_SPACE];
    int64_t channels, all; /* of a group, and of a pixel */
    size_t size;           /* bytes of a number */
} ad_pixels;

ad_pixels ad_big_pixels(const ad_convolution_form *f, const void *data);
ad_pixels ad_small_pixels(const ad_convolution_form *f, const void *data);

/* Whether each channel has filters of its own: groups of one channel on a side. All channels are one group then, for
 * what sees them. */
static inline bool ad_is_by_channel(const ad_convolution_form *f)
{
    return f->groups > 1 && (f->big_channels == 1 || f->small_channels == 1);
}

/* Results of one phase for each axis: a block of lines, and of results in a line. */
typedef struct ad_block_of_results {
    int64_t image, group;
    int64_t begin[AD_SPACE], count[AD_SPACE]; /* counted within the phase; count[0] is 1 */
} ad_block_of_results;

/* How such a block sees. Its pixels are copied, with zeros where there are none; or they are seen where they lie, if
 * none is missing. Steps are in elements. */
typedef struct ad_sight {
    const ad_convolution_kernel *kernel;
    ad_phase phase[AD_SPACE];
    bool in_place, by_taps; /* by_taps: each tap is a run */
    int64_t repeat, pixel;  /* of a copied pixel: each number `repeat` times, then zeros */
    int64_t line, slice;
    int64_t *run; /* where the terms of each run begin; one more than there are */
    int64_t runs, length;
    int64_t taps;
} ad_sight;

/* The bytes of a block with so many results, copied. */
size_t ad_sight_bytes(const ad_sight *s, size_t size, int64_t lines, int64_t width);

/* Sets steps and runs of s, whose phases and pixels are there, for blocks of up to so many results; run has room for
 * all taps and one more. */
void ad_sight_plan(ad_sight *s, const ad_pixels *x, int64_t lines, int64_t width, int64_t *run);

/* Whether all pixels are there that results of these phases see. */
bool ad_sees_inside(const ad_phase phase[AD_SPACE], const ad_pixels *x);

/* Makes a block of so many lines, and of so many results in each, small enough to stay in the cache when it is
 * copied. */
void ad_sight_fit(const ad_sight *s, size_t size, int64_t *lines, int64_t *width);

/* What a block sees, from its first pixel on: in the room, or in place. */
const void *ad_see(const ad_sight *s, const ad_pixels *x, const ad_block_of_results *b, char *room);

#endif
