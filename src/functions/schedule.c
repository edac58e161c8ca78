/* The binomial schedule (Griewank and Walther 2000, "Algorithm 799: revolve").
 *
 * With s states in memory, the first one included, and no step taken more than r times before it is
 * swept, b(s, r) = (s + r)! / (s! r!) steps can be swept back, for
 *
 *     b(s, r) = b(s, r - 1) + b(s - 1, r)
 *
 * splits them: those before the next state that is kept, which are taken once more, and those
 * behind it, for which one state less is left. For n steps r is the least with n <= b(s, r), and a
 * split of n is optimal where both parts fit, the first between b(s, r - 2) and b(s, r - 1) and the
 * second between b(s - 1, r - 1) and b(s - 1, r). The steps taken are r n - b(s + 1, r - 1). */
#include "functions/schedule.h"

/* b(s, r), or `most` if it is greater. r >= 0. */
static int64_t binomial(int64_t s, int64_t r, int64_t most)
{
    int64_t b = 1, few = s < r ? s : r, sum = s + r;
    for (int64_t i = 1; i <= few; i++) {
        int64_t factor = sum - few + i, whole = b / i, rest = b % i; /* b factor / i is whole */
        if (whole > most / factor)
            return most;
        b = whole * factor + rest * factor / i;
        if (b >= most)
            return most;
    }
    return b;
}

/* The least r with n <= b(s, r), which is at least 1. */
static int64_t repetitions(int64_t n, int64_t s)
{
    int64_t few = 0, enough = 1;
    while (binomial(s, enough, n) < n)
        enough *= 2;
    while (enough - few > 1) {
        int64_t r = few + (enough - few) / 2;
        if (binomial(s, r, n) < n)
            few = r;
        else
            enough = r;
    }
    return enough;
}

int64_t ad_schedule_next(int64_t n, int64_t free)
{
    int64_t s = free + 1, r = repetitions(n, s);
    int64_t first = binomial(s, r - 1, n), second = n - binomial(s - 1, r - 1, n);
    return first < second ? first : second;
}

int64_t ad_schedule_cost(int64_t n, int64_t free)
{
    if (n < 2)
        return 0;
    int64_t s = free + 1, r = free ? repetitions(n, s) : n - 1;
    int64_t saved = binomial(s + 1, r - 1, INT64_MAX);
    return r > INT64_MAX / n ? INT64_MAX : r * n - saved;
}
