/* The optimisers by name. */
#include "models/optimisers/optimisers.h"

#define OPTIMISERS(ROW) \
    ROW(adadelta)       \
    ROW(adagrad)        \
    ROW(adam)           \
    ROW(adamax)         \
    ROW(adamw)          \
    ROW(lion)           \
    ROW(muon)           \
    ROW(nadam)          \
    ROW(radam)          \
    ROW(rmsprop)        \
    ROW(sgd)

#define DECLARED(name) extern const ad_optimiser ad_##name##_optimiser;
OPTIMISERS(DECLARED)

const ad_optimiser *ad_optimiser_named(const char *name)
{
#define LISTED(name) &ad_##name##_optimiser,
    static const ad_optimiser *const optimisers[] = {OPTIMISERS(LISTED)};
    for (size_t i = 0; name && i < sizeof optimisers / sizeof *optimisers; i++)
        if (strcmp(optimisers[i]->name, name) == 0)
            return optimisers[i];
    return NULL;
}
