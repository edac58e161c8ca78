#include "kernels/unwanted.h"

const ad_allocator ad_unwanted = {0};
