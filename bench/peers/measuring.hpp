// What the peers in C++ share: options, clocks, the rows that they print. They take the options of
// the Python ones and print the same JSON. All run on one thread, whatever they are told.
#ifndef BENCH_PEERS_MEASURING_HPP
#define BENCH_PEERS_MEASURING_HPP

#include "../problems.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <string>
#include <time.h>
#include <vector>

namespace measuring
{

class Peer
{
  public:
    Peer(const char *name, int argc, char **argv) : name(name)
    {
        for (int i = 1; i < argc; i++) {
            std::string option = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
            if (option == "--smoke")
                smoke = true;
            else if (option == "--filter")
                filter = std::regex(value, std::regex::extended), i++;
            else if (option == "--threads")
                threads = std::atoi(value.c_str()), i++;
            else if (option == "--min-time")
                min_ns = 1e9 * std::atof(value.c_str()), i++;
            else
                std::fprintf(stderr, "error: there is no option %s\n", argv[i]), std::exit(1);
        }
    }

    // Times work(), which does `units` operations or steps, if the case is wanted. A second way of
    // the same library goes under a name of its own.
    template <typename Work>
    void measure(const std::string &name_of_case, double units, Work work,
                 const char *way = nullptr)
    {
        if (wants(name_of_case))
            add(name_of_case, units, samples(work), way);
    }

    // The same, but each call by itself, when the caches hold something else.
    template <typename Work>
    void measure_cold(const std::string &name_of_case, double units, Work work,
                      const char *way = nullptr)
    {
        if (wants(name_of_case))
            add(name_of_case, units, cold_samples(work), way);
    }

    bool wants(const std::string &name_of_case) const
    {
        return std::regex_search(name_of_case, filter);
    }

    void tell() const
    {
        std::printf("{\"cases\": [%s]}\n", rows.c_str());
    }

    bool is_smoke() const
    {
        return smoke;
    }

  private:
    static constexpr double sample_ns = 1e6;
    std::string name, rows;
    std::regex filter{""};
    double min_ns = 0.25e9;
    int threads = 1;
    bool smoke = false;

    void add(const std::string &name_of_case, double units, std::vector<double> taken,
             const char *way)
    {
        std::sort(taken.begin(), taken.end());
        double median = taken[taken.size() / 2] / units, min = taken[0] / units;
        std::string who = way ? way : name;
        std::fprintf(stderr, "%s %s %.4g ns\n", who.c_str(), name_of_case.c_str(), median);
        rows += (rows.empty() ? "" : ",\n") + std::string("{\"peer\": \"") + who +
                "\", \"name\": \"" + name_of_case + "\", \"threads\": " + std::to_string(threads) +
                ", \"median_ns\": " + std::to_string(median) +
                ", \"min_ns\": " + std::to_string(min) + "}";
    }

    // Of this thread alone, which does all the work.
    static double now()
    {
        timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
    }

    template <typename Work> static double time_calls(Work &work, long calls)
    {
        double start = now();
        for (long i = 0; i < calls; i++)
            work();
        return now() - start;
    }

    template <typename Work> std::vector<double> cold_samples(Work &work)
    {
        std::vector<unsigned char> room(COLD_BYTES);
        std::vector<double> taken;
        double passed = 0;
        const std::size_t fewest = smoke ? 2 : 7, most = smoke ? 2 : 2000;
        work();
        while (taken.size() < fewest || (taken.size() < most && passed < min_ns)) {
            double start = now();
            problem_evict(room.data());
            taken.push_back(time_calls(work, 1));
            passed += now() - start;
        }
        return taken;
    }

    template <typename Work> std::vector<double> samples(Work &work)
    {
        std::vector<double> taken;
        double passed = 0;
        long calls = 1;
        time_calls(work, 1);
        while (!smoke && time_calls(work, calls) < sample_ns / 2)
            calls *= 2;
        const std::size_t fewest = smoke ? 2 : 7, most = smoke ? 2 : 2000;
        while (taken.size() < fewest || (taken.size() < most && passed < min_ns)) {
            double sample = time_calls(work, calls);
            passed += sample;
            taken.push_back(sample / static_cast<double>(calls));
        }
        return taken;
    }
};

// The chains of ops.c: x a and x + b in turn, on single numbers.
struct Chain {
    const char *name;
    int ops;
};

inline const std::vector<Chain> &chains()
{
    static const std::vector<Chain> all = {
        {"op0_f64", 1000},    {"chain_1e1", 10},     {"chain_1e2", 100},    {"chain_1e3", 1000},
        {"chain_1e4", 10000}, {"chain_1e5", 100000}, {"chain_1e6", 1000000}};
    return all;
}

template <typename Number> Number chain(Number x, const Number &a, const Number &b, int ops)
{
    for (int i = 0; i < ops; i += 2) {
        x = x * a;
        x = x + b;
    }
    return x;
}

// The lesson's network on one image, number by number.
constexpr int inputs = 784, width = 50;
constexpr int parameters = (inputs + 1) * width + width + 1;

inline std::vector<double> initial_parameters()
{
    std::vector<double> p(parameters);
    for (int i = 0; i < parameters; i++)
        p[static_cast<std::size_t>(i)] = 0.05 * ((i * 7919) % 201 - 100) / 100;
    return p;
}

// (output - target)^2, with p: w1 [inputs, width], b1, w2 [width], b2.
template <typename Number> Number loss_of(const Number *p, const double *x, double target)
{
    const Number *w1 = p, *b1 = w1 + inputs * width, *w2 = b1 + width, *b2 = w2 + width;
    Number out = *b2;
    for (int j = 0; j < width; j++) {
        Number h = b1[j];
        for (int i = 0; i < inputs; i++)
            h += w1[i * width + j] * x[i];
        if (h > 0)
            out += w2[j] * h;
    }
    Number difference = out - target;
    return difference * difference;
}

constexpr double rate = 1e-7;

} // namespace measuring

#endif
