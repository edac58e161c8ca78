/* Operations on lists of numbers: one statement each.
 *
 * Where second derivatives are kept, they are made of statements of up to three arguments, whose
 * second derivatives there are. */
#include "numbers/operations.h"

#include "kernels/elementary.h"

#include <float.h>
#include <math.h>

/* ---- a list at work ----------------------------------------------------------------- */

/* The arguments and partials of a statement, in memory of the recorder. */
typedef struct list {
    const char *name;
    ad_reals *r; /* NULL: all are constants */
    size_t n;
    ad_real *x; /* NULL: they are in place */
    double *partials;
    size_t count; /* in place: those that are no constants */
    bool good;
} list;

enum { CONSTANT = -1 }; /* as a place: of no statement */

/* Writes places of n numbers, and counts those that are no constants. Whether these are numbers of
 * r that live. */
static bool put_places(const ad_recorder *r, size_t n, const ad_real *x, uint32_t *place,
                       size_t *count)
{
    bool good = true;
    size_t numbers = 0;
    if (n > 0 && ad_reals_live_alike(r, n, x, place)) {
        *count += n;
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        bool number = x[i].on != NULL;
        place[i] = number ? ad_real_index(x[i]) : (uint32_t)CONSTANT;
        numbers += number;
        good &= !number || (x[i].on == r && ad_surely_lives(r, x[i]));
    }
    *count += numbers;
    return good;
}

static ad_recorder *first_recorder(size_t n, const ad_real *x)
{
    for (size_t i = 0; i < n; i++)
        if (x[i].on)
            return x[i].on;
    return NULL;
}

/* The common case: all are constants or numbers of one recorder, which has room. Places are written
 * where the statement will be, and partials will be computed there. */
static bool put_in_place(list *l, size_t n, const ad_real *x, size_t m, const ad_real *y)
{
    ad_recorder *r = first_recorder(n, x);
    uint32_t before = l->n >= AD_LONG;
    if (!r || l->n > UINT32_MAX / 2 || !ad_recorder_has(r, (uint32_t)l->n + 2 * before))
        return false;
    uint32_t *place = r->places + r->argument + before;
    if (!put_places(r, n, x, place, &l->count) || !put_places(r, m, y, place + n, &l->count))
        return false;
    l->r = ad_reals_of(r);
    l->partials = r->partials + r->argument + before;
    return true;
}

/* Takes two lists, of which the second may be NULL, or be one number. `complete`: nothing is
 * missing. */
static list gather(const char *name, size_t n, const ad_real *x, size_t m, const ad_real *y,
                   bool complete)
{
    list l = {.name = name, .n = n + m, .good = complete};
    if (complete && put_in_place(&l, n, x, m, y))
        return l;
    l.r = ad_reals_of_lists(name, n, x, m, y);
    if (l.r && !complete)
        ad_reals_fail(l.r, AD_MISUSE, name, "a list is NULL");
    l.good = complete && (!l.r || l.r->error.status == AD_OK);
    if (!l.r || !l.good || ad_reals_keeps_operations(l.r))
        return l;
    size_t bytes = ad_size_mul(l.n, sizeof *l.x + sizeof(double));
    l.good = ad_reals_grow(l.r, &l.r->scratch, bytes, 1, false);
    if (!l.good)
        return l;
    l.x = l.r->scratch.at;
    l.partials = (double *)(l.x + l.n);
    for (size_t i = 0; i < n; i++)
        l.x[i] = x[i];
    for (size_t i = 0; i < m; i++)
        l.x[n + i] = y[i];
    return l;
}

/* What a list gives where it cannot be computed. */
static ad_real nothing(list *l)
{
    if (l->r)
        l->r->head.source_line = NULL;
    return ad_reals_nan(l->r);
}

/* Moves arguments in place to where they belong, without the constants. */
static void close_gaps(const list *l, double *partial, uint32_t *place)
{
    const uint32_t *from = l->r->head.places + (l->partials - l->r->head.partials);
    for (size_t i = 0; i < l->n; i++)
        if (from[i] != (uint32_t)CONSTANT) {
            *partial++ = l->partials[i];
            *place++ = from[i];
        }
}

/* The statement whose arguments are in place. */
static ad_real end_in_place(const list *l, double value)
{
    ad_recorder *r = &l->r->head;
    uint32_t n = (uint32_t)l->count, is_long = n >= AD_LONG;
    double *partial = r->partials + r->argument;
    uint32_t *place = r->places + r->argument;
    if (l->count < l->n)
        close_gaps(l, partial + is_long, place + is_long);
    if (is_long) {
        partial[0] = partial[n + 1] = 0;
        place[0] = place[n + 1] = n;
    }
    r->source_line = NULL;
    r->argument += n + 2 * is_long;
    return ad_recorder_count(r, value, is_long ? AD_LONG : (uint8_t)n);
}

/* The value as one statement, from the partials. */
static ad_real finish(list *l, double value)
{
    if (!l->good)
        return nothing(l);
    if (l->r && !l->x)
        return end_in_place(l, value);
    return l->r ? ad_reals_statement(l->name, value, l->n, l->x, l->partials, NULL, NULL)
                : ad_real_constant(value);
}

/* Whether it is recorded as one statement, and not in pieces with second derivatives. */
static bool is_one(const list *l)
{
    return l->r && l->good && !ad_reals_keeps_all(l->r);
}

/* Whether it is recorded as operations (operation_lists.c). */
static bool is_of_operations(const list *l)
{
    return l->r && l->good && ad_reals_keeps_operations(l->r);
}

static bool is_in_pieces(const list *l)
{
    return l->r && l->good && ad_reals_second(l->r);
}

/* ---- pieces ------------------------------------------------------------------------- */

static ad_real piece(const list *l, double value, size_t n, const ad_real *x,
                     const double *partials, const double *bends, const char *line)
{
    return ad_reals_statement(l->name, value, n, x, partials, bends, line);
}

/* sum + f(x) with f' and f''. */
static ad_real add_term(const list *l, ad_real sum, ad_real x, double f, double slope, double bend,
                        const char *line)
{
    return piece(l, sum.value + f, 2, (ad_real[]){sum, x}, (double[]){1, slope},
                 (double[]){0, 0, bend}, line);
}

/* sum + x y. */
static ad_real add_product(const list *l, ad_real sum, ad_real x, ad_real y, const char *line)
{
    return piece(l, sum.value + x.value * y.value, 3, (ad_real[]){sum, x, y},
                 (double[]){1, y.value, x.value}, (double[]){0, 0, 0, 0, 1, 0}, line);
}

/* The value y as a function of one number, with its derivatives. */
static ad_real apply_one(const list *l, ad_real x, double y, double slope, double bend,
                         const char *line)
{
    return piece(l, y, 1, &x, &slope, &bend, line);
}

/* ---- sums --------------------------------------------------------------------------- */

/* The sum of w[i] x[i], or of factor x[i] where w is NULL. */
static ad_real weigh(list *l, size_t n, const ad_real *x, const double *w, double factor)
{
    double sum = 0;
    if (is_of_operations(l))
        return ad_operations_weigh(l->r, n, x, w, factor);
    for (size_t i = 0; l->good && i < n; i++) {
        sum += w ? w[i] * x[i].value : x[i].value;
        if (is_one(l))
            l->partials[i] = w ? w[i] : factor;
    }
    sum *= factor;
    if (!is_in_pieces(l))
        return finish(l, sum);
    const char *line = l->r->head.source_line;
    ad_real y = ad_real_constant(0);
    for (size_t i = 0; i < n; i++) {
        double p = w ? w[i] : factor;
        y = add_term(l, y, x[i], p * x[i].value, p, 0, line);
    }
    y.value = sum;
    return y;
}

ad_real ad_sum_reals(size_t n, const ad_real *x)
{
    list l = gather("sum", n, x, 0, NULL, !n || x);
    return weigh(&l, n, x, NULL, 1);
}

ad_real ad_mean_reals(size_t n, const ad_real *x)
{
    list l = gather("mean", n, x, 0, NULL, !n || x);
    return n ? weigh(&l, n, x, NULL, 1 / (double)n) : ad_real_constant((double)NAN);
}

ad_real ad_weighted_sum_reals(size_t n, const double *weights, const ad_real *x)
{
    list l = gather("weighted_sum", n, x, 0, NULL, !n || (weights && x));
    return weigh(&l, n, x, weights, 1);
}

/* ---- products ----------------------------------------------------------------------- */

/* partials[i]: the product of all others, from both sides. */
static void set_other_products(list *l, const ad_real *x)
{
    double before = 1, after = 1;
    for (size_t i = 0; i < l->n; i++) {
        l->partials[i] = before;
        before *= x[i].value;
    }
    for (size_t i = l->n; i-- > 0;) {
        l->partials[i] *= after;
        after *= x[i].value;
    }
}

ad_real ad_prod_reals(size_t n, const ad_real *x)
{
    double product = 1;
    list l = gather("prod", n, x, 0, NULL, !n || x);
    if (is_of_operations(&l))
        return ad_operations_product(l.r, n, x);
    for (size_t i = 0; l.good && i < n; i++)
        product *= x[i].value;
    if (is_one(&l))
        set_other_products(&l, x);
    if (!is_in_pieces(&l))
        return finish(&l, product);
    const char *line = l.r->head.source_line;
    ad_real y = ad_real_constant(1);
    for (size_t i = 0; i < n; i++)
        y = piece(&l, y.value * x[i].value, 2, (ad_real[]){y, x[i]},
                  (double[]){x[i].value, y.value}, (double[]){0, 1, 0}, line);
    return y;
}

/* The sum of x[i] y[i]; y may be x. */
static ad_real multiply(list *l, size_t n, const ad_real *x, const ad_real *y)
{
    double sum = 0;
    if (is_of_operations(l))
        return ad_operations_dot(l->r, n, x, y);
    for (size_t i = 0; l->good && i < n; i++)
        sum += x[i].value * y[i].value;
    for (size_t i = 0; is_one(l) && i < n; i++) {
        l->partials[i] = x == y ? 2 * x[i].value : y[i].value;
        if (x != y)
            l->partials[n + i] = x[i].value;
    }
    if (!is_in_pieces(l))
        return finish(l, sum);
    const char *line = l->r->head.source_line;
    ad_real all = ad_real_constant(0);
    for (size_t i = 0; i < n; i++)
        all = add_product(l, all, x[i], y[i], line);
    return all;
}

ad_real ad_dot_reals(size_t n, const ad_real *x, const ad_real *y)
{
    list l = gather("dot", n, x, x == y ? 0 : n, y, !n || (x && y));
    return multiply(&l, n, x, y);
}

ad_real ad_squared_norm_reals(size_t n, const ad_real *x)
{
    list l = gather("squared_norm", n, x, 0, NULL, !n || x);
    return multiply(&l, n, x, x);
}

/* ---- norms -------------------------------------------------------------------------- */

/* d[i]: x[i], or x[i] - y[i] where there is a y. */
static double difference(size_t i, const ad_real *x, const ad_real *y)
{
    return y ? x[i].value - y[i].value : x[i].value;
}

/* The place of the greatest |d|, or of a NaN. */
static size_t longest(size_t n, const ad_real *x, const ad_real *y)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++) {
        double d = difference(i, x, y);
        at = fabs(d) > fabs(difference(at, x, y)) || d != d ? i : at;
    }
    return at;
}

/* sqrt(sum d[i]^2), scaled by the greatest, so that it neither over- nor underflows. */
static double length(size_t n, const ad_real *x, const ad_real *y)
{
    double most = n ? fabs(difference(longest(n, x, y), x, y)) : 0, sum = 0;
    if (!(most > 0) || isinf(most))
        return most;
    int exponent = -ilogb(most);
    double scale = ldexp(1, exponent < DBL_MAX_EXP ? exponent : DBL_MAX_EXP - 1);
    for (size_t i = 0; i < n; i++) {
        double d = difference(i, x, y) * scale;
        sum += d * d;
    }
    return sqrt(sum) / scale;
}

/* hypot(r, d): its derivatives by each number v are v / y, and those of second order (delta - v w /
 * y^2) / y. */
static ad_real lengthen(const list *l, ad_real r, ad_real d, const char *line)
{
    double y = hypot(r.value, d.value), c = y > 0 ? r.value / y : y, s = y > 0 ? d.value / y : y,
           over = y > 0 ? y : 1;
    return piece(l, y, 2, (ad_real[]){r, d}, (double[]){c, s},
                 (double[]){s * s / over, -c * s / over, c * c / over}, line);
}

/* In pieces. The longest comes first: a length of 0 in between would have no derivative. */
static ad_real length_in_pieces(const list *l, size_t n, const ad_real *x, const ad_real *y)
{
    const char *line = l->r->head.source_line;
    const size_t first = longest(n, x, y);
    ad_real r = ad_real_constant(0);
    for (size_t k = 0; k < n; k++) {
        size_t i = k == 0 ? first : k == first ? 0 : k;
        ad_real d = x[i];
        if (y)
            d = piece(l, difference(i, x, y), 2, (ad_real[]){x[i], y[i]}, (double[]){1, -1},
                      (double[]){0, 0, 0}, line);
        r = lengthen(l, r, d, line);
    }
    return r;
}

static ad_real measure(list *l, size_t n, const ad_real *x, const ad_real *y)
{
    if (!l->good || !x)
        return finish(l, 0);
    if (is_of_operations(l))
        return ad_operations_length(l->r, n, x, y);
    double r = length(n, x, y);
    for (size_t i = 0; is_one(l) && i < n; i++) {
        l->partials[i] = r > 0 ? difference(i, x, y) / r : r;
        if (y)
            l->partials[n + i] = -l->partials[i];
    }
    return is_in_pieces(l) ? length_in_pieces(l, n, x, y) : finish(l, r);
}

ad_real ad_norm_reals(size_t n, const ad_real *x)
{
    list l = gather("norm", n, x, 0, NULL, !n || x);
    return measure(&l, n, x, NULL);
}

ad_real ad_distance_reals(size_t n, const ad_real *x, const ad_real *y)
{
    list l = gather("distance", n, x, n, y, !n || (x && y));
    return measure(&l, n, x, y);
}

/* ---- polynomial --------------------------------------------------------------------- */

/* In pieces: Horner's rule, y = y x + c[k]. One of degree 0 is its coefficient, and records
 * nothing. */
static ad_real polynomial_in_pieces(const list *l, size_t n, const ad_real *c, ad_real x)
{
    const char *line = l->r->head.source_line;
    ad_real y = c[n - 1];
    for (size_t k = n - 1; k-- > 0;)
        y = add_product(l, c[k], y, x, line);
    l->r->head.source_line = NULL;
    return y;
}

ad_real ad_polynomial_reals(size_t n, const ad_real *c, ad_real x)
{
    list l = gather("polynomial", n, c, n > 0, &x, !n || c);
    double y = 0, slope = 0, power = 1;
    if (is_of_operations(&l))
        return ad_operations_polynomial(l.r, n, c, x);
    for (size_t k = l.good ? n : 0; k-- > 0;) {
        slope = slope * x.value + y;
        y = y * x.value + c[k].value;
    }
    for (size_t k = 0; is_one(&l) && k < n; k++, power *= x.value)
        l.partials[k] = power;
    if (is_one(&l))
        l.partials[n] = slope;
    return is_in_pieces(&l) ? polynomial_in_pieces(&l, n, c, x) : finish(&l, y);
}

/* ---- logsumexp ---------------------------------------------------------------------- */

/* The greatest finite number, or 0. */
static double greatest(size_t n, const ad_real *x)
{
    double most = -(double)INFINITY;
    for (size_t i = 0; i < n; i++)
        most = isfinite(x[i].value) && x[i].value > most ? x[i].value : most;
    return isfinite(most) ? most : 0;
}

/* The share of e in the sum: of an infinite sum, all. */
static double share(double e, double sum)
{
    return e == 0 ? 0 : isinf(e) && isinf(sum) ? 1 : e / sum;
}

/* In pieces: the shares of an infinite sum, where no more is left; or its logarithm. */
static ad_real logsumexp_in_pieces(const list *l, size_t n, const ad_real *x, double most,
                                   double total)
{
    const char *line = l->r->head.source_line;
    ad_real sum = ad_real_constant(0);
    for (size_t i = 0; i < n; i++) {
        double e = AD_EXP(x[i].value - most);
        sum = isinf(total) ? add_term(l, sum, x[i], e, share(e, total), 0, line)
                           : add_term(l, sum, x[i], e, e, e, line);
    }
    if (isinf(total))
        return sum;
    return apply_one(l, sum, most + AD_LOG(sum.value), 1 / sum.value, -1 / sum.value / sum.value,
                     line);
}

ad_real ad_logsumexp_reals(size_t n, const ad_real *x)
{
    list l = gather("logsumexp", n, x, 0, NULL, !n || x);
    if (is_of_operations(&l))
        return ad_operations_logsumexp(l.r, n, x);
    double sum = 0, most = l.good ? greatest(n, x) : 0;
    for (size_t i = 0; l.good && i < n; i++) {
        double e = AD_EXP(x[i].value - most);
        sum += e;
        if (is_one(&l))
            l.partials[i] = e;
    }
    for (size_t i = 0; is_one(&l) && i < n; i++)
        l.partials[i] = share(l.partials[i], sum);
    return is_in_pieces(&l) ? logsumexp_in_pieces(&l, n, x, most, sum)
                            : finish(&l, most + AD_LOG(sum));
}
