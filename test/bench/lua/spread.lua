-- Spreads requests over hosts and paths. Arguments: number of hosts, number of paths of each.
local requests = {}
local at = 0

function init(args)
  local hosts, paths = tonumber(args[1]), tonumber(args[2])
  -- A step that has no factor in common with their number visits all of them, neighbours far apart.
  local count = hosts * paths
  for i = 0, count - 1 do
    local n = (i * 7919) % count
    local head = { ["Host"] = "h" .. (n % hosts) .. ".example.test" }
    requests[i + 1] = wrk.format("GET", "/p" .. math.floor(n / hosts) .. "/item", head)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
