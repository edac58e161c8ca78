/* What the results of a convolution see of their source. */
#include "kernels/convolution_sight.h"

#include <string.h>

/* ---- phases ---------------------------------------------------------------------------- */

ad_phase ad_phase_to_small(const ad_window *w)
{
    return (ad_phase){.step = 1,
                      .count = w->small,
                      .source = -w->before,
                      .source_step = w->stride,
                      .hop = w->dilation,
                      .tap_step = 1,
                      .taps = w->taps};
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

int64_t ad_count_phases(const ad_window *w)
{
    int64_t apart = w->stride / common_divisor(w->stride, w->dilation);
    return apart < w->taps ? apart : w->taps;
}

/* Pixel i of the big array is seen by o of the small one where o stride = i + before - tap dilation. From one such
 * tap to the next there are `apart`; the last comes first, for it sees the first pixel. */
int64_t ad_phases_to_big(const ad_window *w, ad_phase *phase)
{
    int64_t divisor = common_divisor(w->stride, w->dilation), apart = w->stride / divisor;
    int64_t count = 0, most = ad_count_phases(w);
    for (int64_t tap = 0; tap < most; tap++) {
        int64_t first = (tap * w->dilation - w->before) % w->stride;
        first += first < 0 ? w->stride : 0;
        if (first >= w->big)
            continue;
        int64_t taps = (w->taps - 1 - tap) / apart + 1, last = tap + (taps - 1) * apart;
        phase[count++] = (ad_phase){.first = first,
                                    .step = w->stride,
                                    .count = (w->big - first + w->stride - 1) / w->stride,
                                    .source = (first + w->before - last * w->dilation) / w->stride,
                                    .source_step = 1,
                                    .hop = w->dilation / divisor,
                                    .tap = last,
                                    .tap_step = -apart,
                                    .taps = taps};
    }
    return count;
}

/* ---- pixels ---------------------------------------------------------------------------- */

static ad_pixels pixels_of(const ad_convolution_form *f, const void *data, int64_t channels)
{
    ad_pixels x = {.data = data, .channels = channels, .all = f->groups * channels};
    x.size = ad_type_size(f->type);
    if (ad_is_by_channel(f))
        x.channels = x.all;
    return x;
}

ad_pixels ad_big_pixels(const ad_convolution_form *f, const void *data)
{
    ad_pixels x = pixels_of(f, data, f->big_channels);
    for (int k = 0; k < AD_SPACE; k++)
        x.extent[k] = f->axis[k].big;
    return x;
}

ad_pixels ad_small_pixels(const ad_convolution_form *f, const void *data)
{
    ad_pixels x = pixels_of(f, data, f->small_channels);
    for (int k = 0; k < AD_SPACE; k++)
        x.extent[k] = f->axis[k].small;
    return x;
}

/* ---- sights ---------------------------------------------------------------------------- */

static int64_t seen(const ad_phase *p, int64_t results)
{
    return (results - 1) * p->source_step + (p->taps - 1) * p->hop + 1;
}

size_t ad_sight_bytes(const ad_sight *s, size_t size, int64_t lines, int64_t width)
{
    return (size_t)(s->phase[0].taps * seen(&s->phase[1], lines) * seen(&s->phase[2], width) *
                    s->pixel) *
           size;
}

void ad_sight_fit(const ad_sight *s, size_t size, int64_t *lines, int64_t *width)
{
    enum { HOT_BYTES = 1 << 17 };
    while (*lines > 1 && ad_sight_bytes(s, size, *lines, *width) > HOT_BYTES)
        *lines = (*lines + 1) / 2;
    while (*lines == 1 && *width > 1 && ad_sight_bytes(s, size, 1, *width) > HOT_BYTES)
        *width = (*width + 1) / 2;
}

bool ad_sees_inside(const ad_phase phase[AD_SPACE], const ad_pixels *x)
{
    for (int k = 0; k < AD_SPACE; k++)
        if (phase[k].source < 0 || phase[k].source + seen(&phase[k], phase[k].count) > x->extent[k])
            return false;
    return true;
}

void ad_sight_plan(ad_sight *s, const ad_pixels *x, int64_t lines, int64_t width, int64_t *run)
{
    const ad_phase *p = s->phase;
    if (s->in_place)
        s->pixel = x->all;
    s->line = (s->in_place ? x->extent[2] : seen(&p[2], width)) * s->pixel;
    s->slice = s->in_place ? p[0].hop * x->extent[1] * s->line : seen(&p[1], lines) * s->line;
    s->taps = p[0].taps * p[1].taps * p[2].taps;
    bool together = !s->by_taps && s->pixel == x->channels && (p[2].hop == 1 || p[2].taps == 1);
    int64_t along = together ? 1 : p[2].taps;
    s->length = together ? p[2].taps * x->channels : x->channels;
    s->runs = s->taps / p[2].taps * along;
    s->run = run;
    for (int64_t slice = 0; slice < p[0].taps; slice++)
        for (int64_t line = 0; line < p[1].taps; line++)
            for (int64_t tap = 0; tap < along; tap++)
                *run++ = slice * s->slice + line * p[1].hop * s->line + tap * p[2].hop * s->pixel;
    *run = 0;
}

/* ---- copies ---------------------------------------------------------------------------- */

static void repeat_channels(const ad_sight *s, const ad_pixels *x, const char *from, char *to)
{
    size_t size = x->size, numbers = (size_t)(x->channels * s->repeat);
    for (int64_t i = 0; i < s->repeat; i++)
        s->kernel->copy(x->channels, from, 1, to + (size_t)i * size, s->repeat, false);
    memset(to + numbers * size, 0, (size_t)s->pixel * size - numbers * size);
}

/* The pixels of a line from `begin` on. */
static void copy_line(const ad_sight *s, const ad_pixels *x, const char *line, int64_t begin,
                      int64_t count, char *to)
{
    int64_t first = begin < 0 ? -begin : 0, end = x->extent[2] - begin;
    size_t pixel = (size_t)s->pixel * x->size, all = (size_t)x->all * x->size;
    if (first >= count || end <= first) {
        memset(to, 0, (size_t)count * pixel);
        return;
    }
    end = end < count ? end : count;
    memset(to, 0, (size_t)first * pixel);
    const char *from = line + (begin + first) * (int64_t)all;
    if (s->pixel == x->channels && x->channels == x->all)
        memcpy(to + (size_t)first * pixel, from, (size_t)(end - first) * pixel);
    else if (s->repeat == 1)
        s->kernel->widen(end - first, x->channels, from, x->all, to + (size_t)first * pixel,
                         s->pixel);
    else
        for (int64_t i = first; i < end; i++, from += all)
            repeat_channels(s, x, from, to + (size_t)i * pixel);
    memset(to + (size_t)end * pixel, 0, (size_t)(count - end) * pixel);
}

/* The first pixel of a line of an image, of a group's channels. */
static const char *line_at(const ad_pixels *x, const ad_block_of_results *b, int64_t slice,
                           int64_t line)
{
    int64_t lines = (b->image * x->extent[0] + slice) * x->extent[1] + line;
    return x->data + (lines * x->extent[2] * x->all + b->group * x->channels) * (int64_t)x->size;
}

static bool is_within(int64_t at, int64_t extent)
{
    return at >= 0 && at < extent;
}

const void *ad_see(const ad_sight *s, const ad_pixels *x, const ad_block_of_results *b, char *room)
{
    int64_t at[AD_SPACE];
    for (int k = 0; k < AD_SPACE; k++)
        at[k] = s->phase[k].source + b->begin[k] * s->phase[k].source_step;
    if (s->in_place)
        return line_at(x, b, at[0], at[1]) + at[2] * x->all * (int64_t)x->size;
    int64_t lines = seen(&s->phase[1], b->count[1]), width = seen(&s->phase[2], b->count[2]);
    for (int64_t k = 0; k < s->phase[0].taps; k++) {
        int64_t slice = at[0] + k * s->phase[0].hop;
        char *to = room + (size_t)(k * s->slice) * x->size;
        for (int64_t i = 0; i < lines; i++, to += (size_t)s->line * x->size)
            if (is_within(slice, x->extent[0]) && is_within(at[1] + i, x->extent[1]))
                copy_line(s, x, line_at(x, b, slice, at[1] + i), at[2], width, to);
            else
                memset(to, 0, (size_t)(width * s->pixel) * x->size);
    }
    return room;
}
