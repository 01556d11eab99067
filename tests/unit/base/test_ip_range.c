/* Addresses and ranges: what is read, what is not, and which ranges cover which addresses. */
#include "check.h"
#include "ip_range.h"

static void addresses_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        Str text;
        bool is_good;
    } CASES[] = {
        {STR_INIT("192.0.2.7"), true},
        {STR_INIT("0.0.0.0"), true},
        {STR_INIT("255.255.255.255"), true},
        {STR_INIT("::"), true},
        {STR_INIT("::1"), true},
        {STR_INIT("2001:DB8::1"), true},
        {STR_INIT("::ffff:10.0.0.1"), true},
        {STR_INIT("1:2:3:4:5:6:7:8"), true},
        {STR_INIT(""), false},
        {STR_INIT("010.0.0.1"), false},
        {STR_INIT("10.0.0.01"), false},
        {STR_INIT("10.0.0"), false},
        {STR_INIT("10.0.0.256"), false},
        {STR_INIT("10.0.0.1.1"), false},
        {STR_INIT("0x0a.0.0.1"), false},
        {STR_INIT("167772161"), false},
        {STR_INIT(" 10.0.0.1"), false},
        {STR_INIT("10.0.0.1 "), false},
        {STR_INIT("10.0.0.1:80"), false},
        {STR_INIT("[::1]"), false},
        {STR_INIT("fe80::1%eth0"), false},
        {STR_INIT("fe80::1%25eth0"), false},
        {STR_INIT(":::1"), false},
        {STR_INIT("1:2:3:4:5:6:7"), false},
        {STR_INIT("1:2:3:4:5:6:7:8:9"), false},
        {STR_INIT("12345::1"), false},
        {STR_INIT("localhost"), false},
        {STR_INIT("unix"), false},
        {STR_INIT("10.0.0.1\0x"), false},
        {STR_INIT("::1\0"), false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        IpAddress address;
        if (ip_address_parse(CASES[i].text, &address) != CASES[i].is_good) {
            fail_msg("%.*s", STR_FORMAT(CASES[i].text));
        }
    }
}

static void one_address_has_one_form(void **state)
{
    (void)state;
    IpAddress dotted;
    IpAddress mapped;
    assert_true(ip_address_parse(STR("10.1.2.3"), &dotted));
    assert_true(ip_address_parse(STR("::FFFF:0a01:0203"), &mapped));
    assert_memory_equal(&dotted, &mapped, sizeof dotted);
}

static void loopback_and_sources(void **state)
{
    (void)state;
    static const struct {
        Str text;
        bool is_loopback;
        Str source;
    } CASES[] = {
        {STR_INIT("127.0.0.1"), true, STR_INIT("127.0.0.1")},
        {STR_INIT("127.8.9.10"), true, STR_INIT("127.8.9.10")},
        {STR_INIT("::1"), true, STR_INIT("::")},
        {STR_INIT("::ffff:127.0.0.1"), true, STR_INIT("127.0.0.1")},
        {STR_INIT("126.0.0.1"), false, STR_INIT("126.0.0.1")},
        {STR_INIT("::7f00:1"), false, STR_INIT("::")},
        {STR_INIT("2001:db8:1:2:3:4:5:6"), false, STR_INIT("2001:db8:1:2::")},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        IpAddress address;
        IpAddress wanted;
        assert_true(ip_address_parse(CASES[i].text, &address));
        assert_true(ip_address_parse(CASES[i].source, &wanted));
        assert_int_equal(ip_address_is_loopback(&address), CASES[i].is_loopback);
        IpAddress source = ip_address_source(&address);
        assert_memory_equal(&source, &wanted, sizeof source);
    }
}

static void ranges_are_read_strictly(void **state)
{
    (void)state;
    static const Str GOOD[] = {
        STR_INIT("0.0.0.0/0"),       STR_INIT("::/0"),           STR_INIT("10.0.0.0/8"),
        STR_INIT("192.0.2.7"),       STR_INIT("192.0.2.7/32"),   STR_INIT("2001:db8::/32"),
        STR_INIT("2001:db8::1/128"), STR_INIT("192.0.2.128/25"), STR_INIT("::ffff:10.0.0.0/104"),
    };
    static const Str BAD[] = {
        STR_INIT("10.0.0.0/"),    STR_INIT("10.0.0.0/33"), STR_INIT("10.0.0.0/08"),
        STR_INIT("10.0.0.0/-1"),  STR_INIT("10.0.0.1/8"),  STR_INIT("/8"),
        STR_INIT("::1/127"),      STR_INIT("::/129"),      STR_INIT("10.0.0.0/255.0.0.0"),
        STR_INIT("10.0.0.0/8/8"), STR_INIT("10.*"),        STR_INIT("2001:db8::1/64"),
    };
    IpRange range;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        if (!ip_range_parse(GOOD[i], &range) || !ip_rule_is_valid(GOOD[i])) {
            fail_msg("%s", GOOD[i].p);
        }
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        if (ip_range_parse(BAD[i], &range) || ip_rule_is_valid(BAD[i])) {
            fail_msg("%s", BAD[i].p);
        }
    }
    assert_true(ip_rule_is_valid(STR("unix")));
    assert_false(ip_rule_is_valid(STR("Unix")));
}

static bool covers(const char *rule, const char *source)
{
    Str text = str_from(rule);
    return ip_rules_cover(&text, 1, str_from(source));
}

static void rules_cover(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *source;
        bool is_covered;
    } CASES[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/8", "::ffff:10.0.0.1", true},
        {"10.0.0.0/8", "::10.0.0.1", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", true},
        {"2001:db8::/32", "2001:db8:ffff::", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"unix", "unix", true},
        {"unix", "127.0.0.1", false},
        {"0.0.0.0/0", "unix", false},
        {"0.0.0.0/0", "", false},
        {"0.0.0.0/0", "garbage", false},
        {"garbage", "garbage", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        if (covers(CASES[i].rule, CASES[i].source) != CASES[i].is_covered) {
            fail_msg("%s %s", CASES[i].rule, CASES[i].source);
        }
    }
    assert_false(ip_rules_cover(NULL, 0, STR("127.0.0.1"))); /* no rule covers nobody */
    const Str two[] = {STR("192.0.2.0/24"), STR("unix")};
    assert_true(ip_rules_cover(two, 2, STR("unix")));
    assert_true(ip_rules_cover(two, 2, STR("192.0.2.99")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(one_address_has_one_form),
        cmocka_unit_test(loopback_and_sources),
        cmocka_unit_test(ranges_are_read_strictly),
        cmocka_unit_test(rules_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
