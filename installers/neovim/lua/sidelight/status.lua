-- What the server said last about its state and its decisions, in words for people.

local compat = require('sidelight.compat')

local M = {}

---@type table|nil The last `$/sidelight/status`, whole.
local state = nil
---@type table|nil The last `$/sidelight/decision`.
local decision = nil

local UNKNOWN = '–'

local function told()
  vim.cmd.redrawstatus()
  vim.api.nvim_exec_autocmds('User', { pattern = 'SidelightStatus', modeline = false })
end

---The handlers of our notifications.
M.handlers = {
  ['$/sidelight/status'] = function(_, params)
    state = compat.plain(params)
    told()
  end,
  ['$/sidelight/decision'] = function(_, params)
    decision = compat.plain(params)
  end,
}

---No server is left, so nothing is known any more.
function M.forget()
  state, decision = nil, nil
  told()
end

---@return table|nil state The last `$/sidelight/status`, or nil while none is known.
function M.state()
  return state
end

---@param moment number|nil Seconds since the epoch.
---@return string
local function clock(moment)
  return moment and os.date('%H:%M', math.floor(moment)) --[[@as string]]
    or UNKNOWN
end

---@param limit table
---@return string
local function spent(limit)
  return ('%s of %s'):format(limit.used or UNKNOWN, limit.limit or UNKNOWN)
end

---One phrase for a status line; `%` is doubled, as 'statusline' wants it.
---@return string
function M.line()
  if not state then
    return 'Sidelight: not running'
  end
  local line = 'Sidelight: ' .. (state.summary or state.state or UNKNOWN)
  if state.retryAt then
    line = line .. ' until ' .. clock(state.retryAt)
  end
  return (line:gsub('%%', '%%%%'))
end

---Everything that is known, line by line.
---@return string[]
function M.lines()
  if not state then
    return { 'Sidelight is not running. :checkhealth sidelight says why.' }
  end
  local lines = { ('Sidelight: %s (%s)'):format(state.summary or UNKNOWN, state.state or UNKNOWN) }
  local function add(name, value)
    table.insert(lines, ('  %-10s %s'):format(name, value))
  end
  if state.detail and state.detail ~= '' then
    add('why', state.detail)
  end
  if state.retryAt then
    add('again at', clock(state.retryAt))
  end
  local auth, gateway = state.auth or {}, state.gateway or {}
  add('account', ('%s (%s)'):format(auth.account or UNKNOWN, auth.state or UNKNOWN))
  local typical = gateway.p50Ms and ('%d ms'):format(gateway.p50Ms) or UNKNOWN
  add('gateway', ('%s, typical answer %s'):format(gateway.name or UNKNOWN, typical))
  for _, limit in ipairs(state.limits or {}) do
    add(limit.scope or 'limit', ('%s until %s'):format(spent(limit), clock(limit.resetAt)))
  end
  if decision then
    local source = decision.source and decision.source.label or decision.title or decision.reason
    local total = decision.ms and decision.ms.total
    add('last', table.concat({
      decision.outcome or UNKNOWN,
      source and source ~= '' and source or UNKNOWN,
      decision.tier or UNKNOWN,
      total and ('%d ms'):format(total) or UNKNOWN,
    }, ', '))
    add('trace id', decision.traceId or UNKNOWN)
  end
  for _, action in ipairs(state.actions or {}) do
    add('you can', action.title)
  end
  return lines
end

return M
