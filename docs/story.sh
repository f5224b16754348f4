#!/bin/sh
# One story through all five services, by HTTP alone: somebody founds the community, a creator writes a priced article,
# another member reviews it, it is published; a member sees a preview, orders, pays at the sandbox, reads all of it and
# comments; points follow, and the figures count it.
#
#   dotnet run --project AppHost           and, once it says that all is healthy, elsewhere:
#   sh docs/story.sh [DATA_DIRECTORY]      (default: .data)
#
# Needs curl and sed. Run again, it signs in as the owner it made; where somebody else made the first account, give that
# owner's address and password by OWNER_EMAIL and OWNER_PASSWORD.
set -eu

data=${1:-.data}
owner_email=${OWNER_EMAIL:-owner@example.org}
owner_password=${OWNER_PASSWORD:-violet harbour 42}
run=$(date +%s)-$$
month=$(date -u +%Y-%m-01)
body=$(mktemp)
trap 'rm -f "$body"' EXIT

fail() { echo "$1" >&2; exit 1; }

step() { printf '\n== %s\n' "$1"; }

# The value of a field in the last answer, the first of that name (and no @ before it).
field() { sed -n 's/"'"$1"'": *"\{0,1\}/\
@/; s/^[^@]*\n@\([^",}]*\).*/\1/p' "$body"; }

# ask WHO METHOD ADDRESS [BODY]: sets $status and leaves the answer in $body. WHO is a token, or - for anybody.
ask() {
    set -- "$@" ''
    token=$1 method=$2 address=$3 json=$4
    set -- -sS -o "$body" -w '%{http_code}' -X "$method" "$address"
    [ "$token" = - ] || set -- "$@" -H "Authorization: Bearer $token"
    [ -z "$json" ] || set -- "$@" -H 'Content-Type: application/json' -d "$json"
    status=$(curl "$@") || fail "$method $address: nobody answers."
    echo "   $method $address: $status"
}

# expect STATUS WHO METHOD ADDRESS [BODY]
expect() {
    wanted=$1
    shift
    ask "$@"
    [ "$status" = "$wanted" ] || fail "Expected $wanted, but: $(cat "$body")"
}

# eventually TEXT WHO ADDRESS: asks again and again until the answer contains the text; what other services tell takes a moment.
eventually() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        ask "$2" GET "$3"
        case $(cat "$body") in *"$1"*) return ;; esac
        sleep 1
    done
    fail "Waited 30 s for $1 at $3; the last answer: $(cat "$body")"
}

# sign_in EMAIL PASSWORD: sets $token_now.
sign_in() {
    expect 200 - POST "$membership/sessions" "{\"email\":\"$1\",\"password\":\"$2\"}"
    token_now=$(field accessToken)
}

# join NAME [ROLE]: somebody new, with the role from the owner; sets $id_now and $token_now.
join() {
    expect 201 - POST "$membership/members" "{\"email\":\"$1-$run@example.org\",\"password\":\"copper lantern 17\",\"displayName\":\"$1\"}"
    id_now=$(field memberId)
    [ -z "${2:-}" ] || expect 204 "$owner" PUT "$membership/members/$id_now/roles/$2"
    sign_in "$1-$run@example.org" 'copper lantern 17'
}

[ -r "$data/community.json" ] || fail "There is no $data/community.json: is the AppHost running?"
tr -d '\n' <"$data/community.json" >"$body"
membership=$(field membership) payments=$(field payments) content=$(field content)
incentives=$(field incentives) analytics=$(field analytics) portal=$(field portal) setup_token=$(field setupToken)

step 'The community is founded, once'
ask - GET "$membership/setup"
if [ "$(field open)" = true ]; then
    expect 201 - POST "$membership/setup" "{\"setupToken\":\"$setup_token\",\"email\":\"$owner_email\",\"password\":\"$owner_password\",\"displayName\":\"Olga\",\"communityName\":\"Programmers\"}"
fi
sign_in "$owner_email" "$owner_password"
owner=$token_now
expect 409 - POST "$membership/setup" "{\"setupToken\":\"$setup_token\",\"email\":\"late@example.org\",\"password\":\"$owner_password\",\"displayName\":\"Late\",\"communityName\":\"Mine\"}"

step 'A creator, a reviewer and a member join'
join cai creator; creator=$token_now creator_id=$id_now
join ren reviewer; reviewer=$token_now
join min; member=$token_now member_id=$id_now

step 'The creator drafts an article for CNY 99.00 and submits it'
expect 201 "$creator" POST "$content/contents" '{"title":"How facts travel","topic":"event sourcing","format":"article","body":"Everybody may read how it begins.\n\nOnly who has paid reads how it ends.","tags":["events"],"requires":{"price":{"amount":9900,"currency":"CNY"}}}'
article=$(field contentId)
expect 200 "$creator" POST "$content/contents/$article/submission"

step 'Nobody else sees it, its author cannot review it; the reviewer approves, and it is published'
expect 404 - GET "$content/contents/$article"
expect 403 "$creator" POST "$content/contents/$article/reviews" '{"verdict":"approved","quality":5,"notes":"mine"}'
expect 200 "$reviewer" POST "$content/contents/$article/reviews" '{"verdict":"approved","quality":4,"notes":"clear"}'
expect 200 "$creator" POST "$content/contents/$article/publication"

step 'The member sees a preview'
expect 200 "$owner" GET "$analytics/activity?period=month&from=$month"
orders=$(field order)
expect 200 "$member" GET "$content/contents/$article"
[ "$(field access)" = preview ] || fail "Not a preview: $(cat "$body")"
echo "   $(field body)"
expect 204 "$member" POST "$content/contents/$article/views"
expect 403 "$member" POST "$content/contents/$article/comments" '{"body":"Not yet."}'

step 'Payments has heard of it; the member orders and pays at the sandbox'
eventually '"productId"' - "$payments/products?subjectId=$article"
product=$(field productId)
expect 201 "$member" POST "$payments/orders" "{\"items\":[{\"productId\":\"$product\",\"quantity\":1}]}"
order=$(field orderId)
expect 201 "$member" POST "$payments/orders/$order/payments" '{"gateway":"sandbox"}'
expect 204 - POST "$(field url)"
expect 200 "$member" GET "$payments/orders/$order"
[ "$(field status)" = paid ] || fail "Not paid: $(cat "$body")"

step 'The member reads all of it, and comments'
eventually '"access":"full"' "$member" "$content/contents/$article"
expect 201 "$member" POST "$content/contents/$article/comments" '{"body":"That helped me."}'

step 'Points follow: for the article; for the view, the order and the comment'
eventually '"balance":20,' "$creator" "$incentives/members/$creator_id/points"
eventually '"balance":12,' "$member" "$incentives/members/$member_id/points"
expect 200 "$member" GET "$incentives/members/$member_id/points/entries"
sed 's/},{/}\
{/g' "$body" | sed -n 's/.*"points":\([0-9]*\),"rule":"\([^"]*\)".*/   \1 \2/p'
echo

step 'The figures count it, and the ledger balances'
eventually "\"order\":$((${orders:-0} + 1))" "$owner" "$analytics/activity?period=month&from=$month"
sed -n 's/.*"counts":\({[^}]*}\).*/   \1/p' "$body"
echo
expect 200 "$owner" GET "$payments/ledger/trial-balance"
[ "$(field balanced)" = true ] || fail "Not balanced: $(cat "$body")"

step 'The past can be asked for'
expect 200 "$member" GET "$payments/orders/$order/history"
placed=$(field at)
expect 200 "$member" GET "$payments/orders/$order?asOf=$placed"
echo "   at $placed it was $(field status)"

printf '\nAll of it happened. The article: %s/contents/%s\n' "$portal" "$article"
