/* Digit images from strokes.
 *
 * A glyph is text: points xxyy in hundredths of a unit square, x to the right and y down, through
 * which a smooth curve (Catmull and Rom 1974) goes. '/' is a corner, '|' lifts the pen. Every image
 * bends the square a little, maps it by a random affine map into the pixels, cuts the curves
 * into short segments, and shades each pixel by its distance to the nearest of them. */
#include "digits.h"

#include <math.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10, FORMS = 3, MOST_POINTS = 12, PIECES = 5 };

/* The forms of a digit are equally likely. */
static const char *const glyphs[CLASSES][FORMS] = {
    {"5002 2216 1250 2284 5098 7884 8850 7816 5002",
     "6002 2814 1252 2688 5098 7684 8646 7412 4606"},
    {"5000 5099", "2822 5400 / 5499", "3020 5200 / 5299 | 2699 7899"},
    {"1424 2806 5200 8012 8236 5666 1298 / 9096",
     "1618 4600 7616 7442 4676 2096 1284 3076 5892 9294"},
    {"1412 4600 7812 7634 5645 3847 / 6650 8670 7492 4499 1088",
     "1402 8002 / 4440 / 7446 8670 7292 4299 1290"},
    {"5800 0866 / 9266 | 6630 6699", "2202 1628 1848 3454 7848 | 8002 7099"},
    {"8402 2602 / 2044 / 4636 7644 8666 7490 4499 1290",
     "8604 4004 2420 2436 5244 7458 7678 6094 3699 1094"},
    {"7200 4018 1848 1476 3298 6298 8278 7256 4652 1870",
     "4800 2430 1464 2694 5499 8086 8064 5456 2272"},
    {"1204 8604 / 5848 4299", "1206 8402 / 3899 | 3450 8248", "1022 1404 / 8404 / 6646 6099"},
    {"7814 5000 2216 3440 6658 8282 5099 1882 3658 6640 8026 7814",
     "5000 2410 2434 5046 7634 7610 5000 | 5046 2058 1686 5099 8486 8058 5046"},
    {"8016 5200 2212 1636 3652 6446 8016 / 7656 6699",
     "7818 5000 2016 2240 5050 7436 7818 / 8256 6688 2898"},
};

typedef struct point {
    double x, y;
} point;

typedef struct pen {
    double xx, xy, yx, yy, x, y; /* the affine map of the centred square to pixels */
    point bend, wave, phase;     /* amplitude, frequency and phase of the bending */
    double radius;               /* half the width of a line */
    float distance[PIXELS];      /* squared, to the nearest segment drawn so far */
} pen;

/* ---- the pen ----------------------------------------------------------------------- */

static double between(ad_random *r, double low, double high)
{
    return low + (high - low) * ad_random_uniform(r);
}

static void choose_pen(pen *p, ad_random *r)
{
    double height = between(r, 15, 21), width = height * between(r, 0.6, 1);
    double angle = between(r, -0.25, 0.25), slant = between(r, -0.2, 0.4);
    p->xx = width * cos(angle);
    p->yx = width * sin(angle);
    p->xy = -height * (sin(angle) + slant * cos(angle));
    p->yy = height * (cos(angle) - slant * sin(angle));
    p->x = SIDE / 2.0 + between(r, -2, 2);
    p->y = SIDE / 2.0 + between(r, -2, 2);
    p->bend.x = between(r, 0, 0.09); /* one draw a statement: their order makes the image */
    p->bend.y = between(r, 0, 0.09);
    p->wave.x = between(r, 2, 7);
    p->wave.y = between(r, 2, 7);
    p->phase.x = between(r, 0, 6.28);
    p->phase.y = between(r, 0, 6.28);
    p->radius = between(r, 0.7, 1.6);
    for (int i = 0; i < PIXELS; i++)
        p->distance[i] = (float)PIXELS;
}

/* From the unit square to pixels. */
static point place(const pen *p, point at)
{
    double x = at.x - 0.5 + p->bend.x * sin(p->wave.x * at.y + p->phase.x);
    double y = at.y - 0.5 + p->bend.y * sin(p->wave.y * at.x + p->phase.y);
    return (point){p->x + p->xx * x + p->xy * y, p->y + p->yx * x + p->yy * y};
}

/* ---- drawing ----------------------------------------------------------------------- */

static int pixel_near(double coordinate)
{
    return coordinate < 0 ? 0 : coordinate > SIDE - 1 ? SIDE - 1 : (int)coordinate;
}

static double squared_distance(point q, point a, point b)
{
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double t = length > 0 ? ((q.x - a.x) * dx + (q.y - a.y) * dy) / length : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    double x = a.x + t * dx - q.x, y = a.y + t * dy - q.y;
    return x * x + y * y;
}

static void draw_segment(pen *p, point a, point b)
{
    double reach = p->radius + 1;
    int left = pixel_near(fmin(a.x, b.x) - reach), right = pixel_near(fmax(a.x, b.x) + reach);
    int top = pixel_near(fmin(a.y, b.y) - reach), bottom = pixel_near(fmax(a.y, b.y) + reach);
    for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
            float d = (float)squared_distance((point){column + 0.5, row + 0.5}, a, b);
            float *nearest = &p->distance[row * SIDE + column];
            *nearest = d < *nearest ? d : *nearest;
        }
}

/* Catmull-Rom between b and c, t from 0 to 1. */
static double spline(double a, double b, double c, double d, double t)
{
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

static void draw_curve(pen *p, const point *at, int count)
{
    int last = count - 1;
    bool closed = count > 2 && at[0].x == at[last].x && at[0].y == at[last].y;
    for (int i = 0; i < last; i++) {
        point b = at[i], c = at[i + 1], from = b;
        point a = i > 0 ? at[i - 1] : closed ? at[last - 1] : b;
        point d = i + 1 < last ? at[i + 2] : closed ? at[1] : c;
        int pieces = count > 2 ? PIECES : 1;
        for (int k = 1; k <= pieces; k++) {
            double t = (double)k / pieces;
            point to = {spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t)};
            draw_segment(p, from, to);
            from = to;
        }
    }
}

static void draw_glyph(pen *p, const char *glyph)
{
    point at[MOST_POINTS], corner = {0, 0};
    int count = 0;
    for (const char *c = glyph; *c; c++) {
        if (*c == '/' || *c == '|') {
            draw_curve(p, at, count);
            at[0] = corner;
            count = *c == '/' ? 1 : 0;
        } else if (*c != ' ' && count < MOST_POINTS) {
            int x = 10 * (c[0] - '0') + c[1] - '0', y = 10 * (c[2] - '0') + c[3] - '0';
            corner = at[count++] = place(p, (point){x / 100.0, y / 100.0});
            c += 3;
        }
    }
    draw_curve(p, at, count);
}

/* ---- the image --------------------------------------------------------------------- */

/* Full ink within the radius, none from `soft` beyond it on, less some noise. */
static void shade(const pen *p, ad_random *r, uint8_t *image)
{
    double soft = between(r, 0.7, 1.0), ink = between(r, 215, 255), grain = between(r, 0.05, 0.25);
    uint64_t bits = 0;
    for (int i = 0; i < PIXELS; i++) {
        if (i % 8 == 0)
            bits = ad_random_bits(r);
        double cover = (p->radius + soft - sqrt((double)p->distance[i])) / soft;
        double noise = grain * (double)(bits >> i % 8 * 8 & 255) / 255;
        image[i] = cover <= 0 ? 0 : (uint8_t)(ink * fmin(cover, 1) * (1 - noise));
    }
}

static const char *choose_glyph(int digit, ad_random *r)
{
    int forms = 0;
    while (forms < FORMS && glyphs[digit][forms])
        forms++;
    return glyphs[digit][(int)(ad_random_uniform(r) * forms)];
}

void draw_digit(int digit, uint64_t seed, uint64_t number, uint8_t image[28 * 28])
{
    if (!image)
        return;
    if (digit < 0 || digit >= CLASSES) {
        memset(image, 0, PIXELS);
        return;
    }
    ad_random random = ad_random_new(seed, number);
    const char *glyph = choose_glyph(digit, &random);
    pen p;
    choose_pen(&p, &random);
    draw_glyph(&p, glyph);
    shade(&p, &random, image);
}

/* ---- the data set ------------------------------------------------------------------ */

/* Image numbers of the two parts lie far apart, and the orders of the labels come from streams that
 * no image uses. */
enum { TRAIN_IMAGES, TEST_IMAGES, TRAIN_LABELS, TEST_LABELS };

static uint64_t stream_of(int purpose)
{
    return (uint64_t)purpose << 62;
}

/* Each run of ten labels is all ten classes in random order: balanced, whatever n is. */
static void fill_labels(uint8_t *labels, size_t n, uint64_t seed, uint64_t stream)
{
    ad_random random = ad_random_new(seed, stream);
    int64_t order[CLASSES];
    for (size_t i = 0; i < n; i++) {
        if (i % CLASSES == 0) {
            for (int k = 0; k < CLASSES; k++)
                order[k] = k;
            ad_random_shuffle(&random, order, CLASSES);
        }
        labels[i] = (uint8_t)order[i % CLASSES];
    }
}

static ad_status draw_part(int64_t n, uint64_t seed, int part, ad_array *images, ad_array *labels)
{
    *images = ad_zeros(AD_U8, AD_SHAPE(n, SIDE, SIDE));
    *labels = ad_zeros(AD_U8, AD_SHAPE(n));
    if (!images->data || !labels->data)
        return ad_shape_count(&AD_SHAPE(n, SIDE, SIDE), NULL) == AD_OK ? AD_MEMORY : AD_TOO_LARGE;
    uint8_t *image = images->data, *label = labels->data;
    fill_labels(label, (size_t)n, seed,
                stream_of(part == TRAIN_IMAGES ? TRAIN_LABELS : TEST_LABELS));
    for (int64_t i = 0; i < n; i++)
        draw_digit(label[i], seed, stream_of(part) + (uint64_t)i, image + i * SIDE * SIDE);
    return AD_OK;
}

ad_status draw_digits(int64_t train, int64_t test, uint64_t seed, ad_dataset *d, ad_error *error)
{
    ad_dataset drawn = {.train_images = {.data = NULL}};
    ad_status status =
        draw_part(train, seed, TRAIN_IMAGES, &drawn.train_images, &drawn.train_labels);
    if (status == AD_OK)
        status = draw_part(test, seed, TEST_IMAGES, &drawn.test_images, &drawn.test_labels);
    if (status == AD_OK) {
        *d = drawn;
        return AD_OK;
    }
    ad_dataset_free(&drawn);
    return ad_fail(error, status, "no memory for %lld and %lld images", (long long)train,
                   (long long)test);
}
